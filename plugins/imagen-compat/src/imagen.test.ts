import type { DecodeRequest, Decoder } from "dediffusion/plugin";
import {
	type Answer,
	checkDecoder,
	pictureOf,
	startService,
	type TestService,
	testHost,
} from "dediffusion/plugin/testing";
import { afterEach, describe, expect, it } from "vitest";
import { imagen } from "./index.ts";

type Options = Parameters<typeof imagen>[0];

const host = testHost();
const services: TestService[] = [];
const never = new AbortController().signal;

afterEach(() => {
	for (const service of services.splice(0)) service.close();
	delete process.env.IMAGEN_TEST_KEY;
	delete process.env.IMAGEN_TEST_TOKEN;
});

const sides: Readonly<Record<string, readonly [number, number]>> = {
	"1:1": [64, 64],
	"3:4": [48, 64],
	"4:3": [64, 48],
	"9:16": [36, 64],
	"16:9": [64, 36],
};

/** Draws as Imagen does: what was asked for decides the colour. */
const drawing: Answer = async ({ method, body }) => {
	if (method === "GET") return { name: "models/imagen" };
	const { sampleCount, aspectRatio = "1:1", width, height, ...rest } = body.parameters;
	const [ratioWidth, ratioHeight] = sides[aspectRatio] as readonly [number, number];
	const predictions = Array.from({ length: sampleCount }, async (_, index) => {
		const given = [body.instances, rest, index];
		const bytes = await pictureOf(width ?? ratioWidth, height ?? ratioHeight, ...given);
		return { mimeType: "image/png", bytesBase64Encoded: bytes.toString("base64") };
	});
	return { predictions: await Promise.all(predictions) };
};

async function serve(answer: Answer): Promise<TestService> {
	const service = await startService(answer);
	services.push(service);
	return service;
}

async function open(url: string, options: Partial<Options> = {}): Promise<Decoder> {
	const shared = { model: "imagen-x", flavour: "vertex", width: 64, height: 64 } as const;
	const [decoder] = await imagen({ ...shared, ...options, url: `${url}/v1` }).setup(host);
	return decoder as Decoder;
}

const draw = (decoder: Decoder, ...requests: Partial<DecodeRequest>[]) =>
	decoder.generate(
		requests.map((request) => ({ prompt: "a red apple", seed: 5, ...request })),
		{ signal: never, onProgress: () => undefined },
	);

describe.each(["vertex", "gemini", "dediffusion"] as const)("the flavour %s", (flavour) => {
	it("keeps to the contract of the SDK", async () => {
		const { url } = await serve(drawing);
		const refusing = await serve((_, response) => void response.writeHead(401).end("{}"));
		const decoder = await open(url, { flavour });
		await checkDecoder(decoder, {
			failing: [{ decoder: await open(refusing.url, { flavour }), code: "BACKEND_AUTH" }],
		});
	});
});

describe("a request", () => {
	it("has the parameters of Vertex AI, and the token", async () => {
		process.env.IMAGEN_TEST_TOKEN = "token-of-the-test";
		const { url, asked } = await serve(drawing);
		const decoder = await open(url, { tokenVariable: "IMAGEN_TEST_TOKEN", safetySetting: "block_only_high" });
		await draw(decoder, { negativePrompt: "green", guidanceScale: 7, width: 120, height: 90 });
		expect(asked[0]).toMatchObject({ method: "POST", path: "/v1/models/imagen-x:predict" });
		expect(asked[0]?.headers.authorization).toBe("Bearer token-of-the-test");
		expect(asked[0]?.body).toEqual({
			instances: [{ prompt: "a red apple" }],
			parameters: {
				sampleCount: 1,
				includeRaiReason: true,
				outputOptions: { mimeType: "image/png" },
				guidanceScale: 7,
				safetySetting: "block_only_high",
				seed: 5,
				addWatermark: false,
				enhancePrompt: false,
				aspectRatio: "4:3",
				negativePrompt: "green",
			},
		});
	});

	it("has only those of the Gemini API in its flavour, and the key; alike pictures come together", async () => {
		process.env.IMAGEN_TEST_KEY = "key-of-the-test";
		const { url, asked } = await serve(drawing);
		const decoder = await open(url, { flavour: "gemini", keyVariable: "IMAGEN_TEST_KEY" });
		const results = await draw(decoder, { seed: 1 }, { seed: 2 }, { seed: 3 });
		expect(results.map(({ seed, status }) => [seed, status])).toEqual([
			[1, "done"],
			[2, "done"],
			[3, "done"],
		]);
		expect(asked).toHaveLength(1);
		expect(asked[0]?.headers["x-goog-api-key"]).toBe("key-of-the-test");
		expect(asked[0]?.body.parameters).toEqual({
			sampleCount: 3,
			includeRaiReason: true,
			outputOptions: { mimeType: "image/png" },
			aspectRatio: "1:1",
		});
	});

	it("asks for a token each time, where a function gives it", async () => {
		const tokens = ["first-token", "second-token"];
		const { url, asked } = await serve(drawing);
		const decoder = await open(url, { token: async () => tokens.shift() ?? "" });
		await draw(decoder, {});
		await draw(decoder, {});
		expect(asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer first-token", "Bearer second-token"]);
	});

	it("says that it draws ratios where pixels were asked for", async () => {
		const { url } = await serve(drawing);
		const [result] = await draw(await open(url), { width: 640, height: 480 });
		expect(result?.warnings).toEqual([
			{ type: "adjusted", setting: "width", message: expect.stringContaining("4:3") },
			{ type: "adjusted", setting: "height", message: expect.stringContaining("4:3") },
		]);
	});
});

const picture = (await pictureOf(8, 8)).toString("base64");

describe("an answer", () => {
	const answered = async (predictions: readonly object[] | undefined, count = 1) => {
		const { url } = await serve(() => ({ predictions }));
		const decoder = await open(url, { flavour: "gemini" });
		return draw(decoder, ...Array.from({ length: count }, (_, seed) => ({ seed })));
	};

	it("gives the picture and the text that it was drawn from", async () => {
		const [result] = await answered([{ bytesBase64Encoded: picture, prompt: "a shiny red apple, 35 mm" }]);
		expect(result).toMatchObject({ status: "done", effectivePrompt: "a shiny red apple, 35 mm" });
	});

	it("gives a reason for a slot that was filtered, and the pictures of the others", async () => {
		const results = await answered([{ bytesBase64Encoded: picture }, { raiFilteredReason: "Violence. 89371032" }], 2);
		expect(results).toMatchObject([{ status: "done" }, { status: "filtered", reason: "Violence. 89371032" }]);
	});

	it("says so where pictures are missing without a reason", async () => {
		const results = await answered([{ bytesBase64Encoded: picture }], 3);
		expect(results.map(({ status }) => status)).toEqual(["done", "filtered", "filtered"]);
		expect(results[2]).toMatchObject({ reason: expect.stringContaining("1 of 3") });
	});

	it.each([[undefined], [[]], [[{}]]])("of %j is a filtered picture", async (predictions) => {
		expect(await answered(predictions)).toMatchObject([{ status: "filtered" }]);
	});

	it("may say what was found in the prompt, which is no picture", async () => {
		const found = { safetyAttributes: { categories: [], scores: [] }, contentType: "Positive Prompt" };
		expect(await answered([{ bytesBase64Encoded: picture }, found])).toMatchObject([{ status: "done" }]);
	});

	it("passes on the warnings of a De-Diffusion server", async () => {
		const warning = { type: "truncated", setting: "prompt", message: "Ten words fit." };
		expect(await answered([{ bytesBase64Encoded: picture, warnings: [warning] }])).toMatchObject([
			{ warnings: [warning] },
		]);
	});

	it.each([
		["more pictures than wanted", [{ bytesBase64Encoded: picture }, { bytesBase64Encoded: picture }], /2 pictures/],
		["a bucket's address", [{ gcsUri: "gs://bucket/a.png" }], /bucket/],
		["no base64", [{ bytesBase64Encoded: "!?" }], /base64/],
		["another form", [{ bytesBase64Encoded: 7 }], /form/],
	])("with %s is not understood", async (_, predictions, message) => {
		await expect(answered(predictions)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(message),
		});
	});
});

describe("a refusal", () => {
	const refused = async (status: number, error: object, headers: Record<string, string> = {}) => {
		const { url } = await serve(
			(_, response) => void response.writeHead(status, headers).end(JSON.stringify({ error })),
		);
		return expect(draw(await open(url), {})).rejects;
	};

	it("of a wrong key is one though its status says otherwise", async () => {
		const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }];
		const error = { code: 400, message: "API key not valid.", status: "INVALID_ARGUMENT", details };
		await (await refused(400, error)).toMatchObject({
			code: "BACKEND_AUTH",
			message: expect.stringMatching(/not valid/),
		});
	});

	it("says how long to wait, in the header or in the body", async () => {
		const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "37s" }];
		const limited = { code: "BACKEND_RATE_LIMITED", retryAfterMs: 37_000 };
		await (await refused(429, { message: "Quota exceeded", details })).toMatchObject(limited);
		const inHeader = await refused(429, { message: "Quota exceeded", details }, { "retry-after": "5" });
		await inHeader.toMatchObject({ ...limited, retryAfterMs: 5000 });
	});

	it("of a model that is gone names it", async () => {
		const gone = { code: "BACKEND_INVALID_REQUEST", advice: expect.stringContaining("imagen-x") };
		await (await refused(404, { message: "Model not found" })).toMatchObject(gone);
	});
});

it("needs a model, because hosted ones come and go", () => {
	const untyped = imagen as (options: unknown) => unknown;
	expect(() => untyped({ url: "http://127.0.0.1/v1", flavour: "vertex" })).toThrow(/model/);
});
