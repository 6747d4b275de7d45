import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createOpenAI as createOpenAI2 } from "ai-sdk-openai-2";
import { createOpenAI as createOpenAI3 } from "ai-sdk-openai-3";
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
import { type AiSdkImageModel, fromAiSdk, type ModelSource } from "./index.ts";

type Options = NonNullable<Parameters<typeof fromAiSdk>[1]>;
type Fetch = typeof globalThis.fetch;

const host = testHost();
const services: TestService[] = [];
const apiKey = "key-of-the-test";

afterEach(() => {
	for (const service of services.splice(0)) service.close();
});

async function serve(answer: Answer): Promise<TestService> {
	const service = await startService(answer);
	services.push(service);
	return service;
}

/** Draws as OpenAI's API does: what was asked for decides the colour. */
const drawing: Answer = async ({ body }) => {
	const { n = 1, size = "64x64", ...rest } = body;
	const [width, height] = size.split("x").map(Number);
	const data = Array.from({ length: n }, async (_, index) => ({
		b64_json: (await pictureOf(width, height, rest, index)).toString("base64"),
	}));
	return { created: 1, data: await Promise.all(data) };
};

const openai = (url: string, fetch?: Fetch) =>
	createOpenAI({ baseURL: `${url}/v1`, apiKey, ...(fetch && { fetch }) }).image("gpt-image-2");

const compatible = (url: string, fetch?: Fetch) =>
	createOpenAICompatible({ name: "far", baseURL: `${url}/v1`, apiKey, ...(fetch && { fetch }) }).imageModel("sd");

async function open(model: ModelSource, options: Options = {}): Promise<Decoder> {
	const [decoder] = await fromAiSdk(model, { width: 64, height: 64, ...options }).setup(host);
	return decoder as Decoder;
}

const draw = (decoder: Decoder, ...requests: Partial<DecodeRequest>[]) =>
	decoder.generate(
		requests.map((request) => ({ prompt: "a red apple", seed: 5, ...request })),
		{ signal: new AbortController().signal, onProgress: () => undefined },
	);

const models: Readonly<Record<string, (url: string) => AiSdkImageModel>> = {
	v2: (url) => createOpenAI2({ baseURL: `${url}/v1`, apiKey }).image("dall-e-2"),
	v3: (url) => createOpenAI3({ baseURL: `${url}/v1`, apiKey }).image("dall-e-2"),
	v4: (url) => openai(url),
};

describe.each(Object.entries(models))("a model of the version %s", (version, model) => {
	it("keeps to the contract of the SDK", async () => {
		const { url } = await serve(drawing);
		const refusing = await serve((_, response) => void response.writeHead(401).end("{}"));
		expect(model(url).specificationVersion).toBe(version);
		await checkDecoder(await open(model(url)), {
			failing: [{ decoder: await open(model(refusing.url)), code: "BACKEND_AUTH" }],
		});
	});

	it("draws several pictures of one text in a call", async () => {
		const { url, asked } = await serve(drawing);
		const results = await draw(await open(model(url), { maxImages: 3 }), { seed: 1 }, { seed: 2 }, { seed: 3 });
		expect(results.map(({ seed, status }) => [seed, status])).toEqual([
			[1, "done"],
			[2, "done"],
			[3, "done"],
		]);
		expect(asked).toMatchObject([{ path: "/v1/images/generations", body: { n: 3, size: "64x64" } }]);
	});

	it("passes its warnings on", async () => {
		const { url } = await serve(drawing);
		const [result] = await draw(await open(model(url), { seed: true, shape: "aspectRatio" }), {
			width: 120,
			height: 90,
		});
		expect(result?.warnings).toMatchObject([
			{ type: "adjusted", setting: "width", message: expect.stringContaining("4:3") },
			{ type: "adjusted", setting: "height", message: expect.stringContaining("4:3") },
			{ type: "unsupported", setting: "width" },
			{ type: "unsupported", setting: "height" },
			{ type: "unsupported", setting: "seed" },
		]);
	});
});

it("keeps to the contract where a model takes seeds and other settings under its own names", async () => {
	const { url } = await serve(drawing);
	const fields = {
		seed: "far.seed",
		steps: "far.steps",
		guidanceScale: "far.guidance_scale",
		negativePrompt: "far.negative_prompt",
	};
	await checkDecoder(await open((fetch) => compatible(url, fetch), { url, fields }));
});

it("is told the options of the provider, and those that a request adds to them", async () => {
	const { url, asked } = await serve(drawing);
	const options = { fields: { steps: "far.steps" }, providerOptions: { far: { quality: "low" }, other: { a: 1 } } };
	const decoder = await open(compatible(url), options);
	await draw(decoder, { steps: 7 });
	await draw(decoder, {});
	expect(asked.map(({ body }) => body)).toEqual([
		{ model: "sd", prompt: "a red apple", n: 1, size: "64x64", quality: "low", steps: 7 },
		{ model: "sd", prompt: "a red apple", n: 1, size: "64x64", quality: "low" },
	]);
});

describe("a model", () => {
	it("is named after its provider and its id", async () => {
		const { id, name } = await open(openai("http://127.0.0.1:9"));
		expect([id, name]).toEqual(["openai/gpt-image-2", "openai/gpt-image-2"]);
	});

	it("says how many pictures it draws at once, also by a function", async () => {
		const model: AiSdkImageModel = { ...standIn([]), maxImagesPerCall: async ({ modelId }) => modelId.length };
		expect((await open(model)).capabilities.maxBatch).toBe(8);
		expect((await open(model, { seed: true })).capabilities.maxBatch).toBe(1);
		expect((await open({ ...model, maxImagesPerCall: undefined })).capabilities.maxBatch).toBe(1);
	});

	it("takes the nearest size that there is, and says so", async () => {
		const { url, asked } = await serve(drawing);
		const decoder = await open(openai(url), { shapes: ["64x64", "112x64"] });
		const [result] = await draw(decoder, { width: 120, height: 64 });
		expect(asked[0]?.body.size).toBe("112x64");
		expect(result?.warnings).toMatchObject([{ type: "adjusted", setting: "width" }]);
	});

	it("is asked for no size where it takes none", async () => {
		const { url, asked } = await serve(drawing);
		const decoder = await open(openai(url), { shape: "none" });
		await draw(decoder, {});
		expect(decoder.capabilities.settings).toEqual([]);
		expect(asked[0]?.body).not.toHaveProperty("size");
	});

	it.each([
		["a name", "openai/gpt-image-2"],
		["a model of another kind", createOpenAI({ apiKey }).embedding("text-embedding-3-small")],
		["a version that is to come", { ...standIn([]), specificationVersion: "v9" }],
	])("cannot be %s", async (_, model) => {
		// What a configuration without types may hold.
		const made = async () => fromAiSdk(model as unknown as AiSdkImageModel).setup(host);
		await expect(made()).rejects.toMatchObject({
			code: "CONFIG_INVALID",
			message: expect.stringMatching(/image model/),
		});
	});

	it("cannot be what a function made that makes something else", async () => {
		await expect(open(() => ({}) as AiSdkImageModel)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
	});
});

/** A model of somebody's own, as the AI SDK allows: it gives these pictures whatever is asked. */
function standIn(images: unknown): Extract<AiSdkImageModel, { specificationVersion: "v4" }> {
	const response = { timestamp: new Date(0), modelId: "stand-in", headers: undefined };
	return {
		specificationVersion: "v4",
		provider: "own",
		modelId: "stand-in",
		maxImagesPerCall: 4,
		doGenerate: async () => ({ images: images as string[], warnings: [], response }),
	};
}

const anything = {
	prompt: "",
	n: 1,
	size: undefined,
	aspectRatio: undefined,
	seed: undefined,
	providerOptions: {},
	files: undefined,
	mask: undefined,
};

const bytes = await pictureOf(8, 8);

describe("an answer", () => {
	const b64_json = bytes.toString("base64");
	const answered = async (data: unknown) => {
		const { url } = await serve(() => ({ created: 1, data }));
		return draw(await open(openai(url)), {});
	};

	it("says what was really drawn", async () => {
		expect(await answered([{ b64_json, revised_prompt: "a shiny red apple" }])).toMatchObject([
			{ status: "done", effectivePrompt: "a shiny red apple", image: { bytes } },
		]);
	});

	it("may hold bytes", async () => {
		const [result] = await draw(await open(standIn([new Uint8Array(bytes)])), {});
		expect(result).toMatchObject({
			status: "done",
			effectivePrompt: "a red apple",
			image: { bytes: new Uint8Array(bytes) },
		});
	});

	it("with fewer pictures than were asked for filtered the others", async () => {
		const { url } = await serve(() => ({ created: 1, data: [{ b64_json }] }));
		const decoder = await open(openai(url), { maxImages: 3 });
		expect(await draw(decoder, { seed: 1 }, { seed: 2 }, { seed: 3 })).toMatchObject([
			{ status: "done", seed: 1 },
			{ status: "filtered", seed: 2, reason: expect.stringContaining("1 of 3") },
			{ status: "filtered", seed: 3 },
		]);
	});

	it.each([
		["two pictures for one", [{ b64_json }, { b64_json }]],
		["no base64", [{ b64_json: "<png>" }]],
		["a picture that is a number", [{ b64_json: 7 }]],
		["another form", "pictures"],
	])("with %s is not understood", async (_, data) => {
		await expect(answered(data)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});

	it("without a list is not understood", async () => {
		await expect(draw(await open(standIn("many")), {})).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});

	it("in HTML is not understood", async () => {
		const { url } = await serve((_, response) => void response.end("<!doctype html>"));
		await expect(draw(await open(openai(url)), {})).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			retryable: false,
			message: expect.stringMatching(/^The model failed: .{1,410}$/),
		});
	});

	it.each(["guarded", "unguarded"])("that breaks off may succeed when it is asked again (%s)", async (way) => {
		const { url } = await serve((_, response) => {
			response.writeHead(200, { "content-type": "application/json", "content-length": 1000 }).write('{"data":[');
			setImmediate(() => response.destroy());
			return undefined;
		});
		const decoder = await (way === "guarded" ? open((fetch) => openai(url, fetch), { url }) : open(openai(url)));
		await expect(draw(decoder, {})).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
	});
});

describe("a refusal", () => {
	const refused = async (status: number, error: unknown, headers: Record<string, string> = {}) => {
		const { url } = await serve(
			(_, response) => void response.writeHead(status, headers).end(JSON.stringify({ error })),
		);
		return draw(await open(openai(url)), {}, {});
	};

	it("for what the text shows is a filtered picture", async () => {
		const error = { code: "content_policy_violation", message: "Rejected by the safety system." };
		expect(await refused(400, error)).toMatchObject([
			{ status: "filtered", reason: "Rejected by the safety system." },
			{ status: "filtered", reason: "Rejected by the safety system." },
		]);
	});

	it("for want of money will not pass by waiting", async () => {
		const error = { code: "insufficient_quota", message: "Out of credit." };
		await expect(refused(429, error)).rejects.toMatchObject({ code: "BACKEND_RATE_LIMITED", retryable: false });
	});

	it("says how long to wait", async () => {
		await expect(refused(429, { message: "Slowly." }, { "retry-after": "7" })).rejects.toMatchObject({
			code: "BACKEND_RATE_LIMITED",
			retryAfterMs: 7000,
			message: "The backend answered 429: Slowly.",
		});
	});

	it.each([
		[401, "BACKEND_AUTH"],
		[404, "BACKEND_INVALID_REQUEST"],
		[503, "BACKEND_UNAVAILABLE"],
		[504, "BACKEND_TIMEOUT"],
	])("with %i is %s", async (status, code) => {
		await expect(refused(status, { message: "No." })).rejects.toMatchObject({ code });
	});
});

describe("a failure", () => {
	it.each(["guarded", "unguarded"])("to reach the service may pass (%s)", async (way) => {
		const { url, close } = await startService(drawing);
		close();
		const decoder = await (way === "guarded" ? open((fetch) => openai(url, fetch), { url }) : open(openai(url)));
		await expect(draw(decoder, {})).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
	});

	it("for want of a key says so", async () => {
		const decoder = await open(createOpenAI({ baseURL: "http://127.0.0.1:9" }).image("gpt-image-2"));
		await expect(draw(decoder, {})).rejects.toMatchObject({ code: "BACKEND_AUTH" });
	});

	it("of a model of one's own has its message", async () => {
		const doGenerate = () => Promise.reject(new Error("The oven is cold."));
		await expect(draw(await open({ ...standIn([]), doGenerate }), {})).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			message: "The model failed: The oven is cold.",
		});
	});

	it.each([
		[AbortSignal.abort(), "ABORTED"],
		[AbortSignal.abort(new DOMException("Late.", "TimeoutError")), "BACKEND_TIMEOUT"],
	])("by its signal does not ask the service", async (signal, code) => {
		const { url, asked } = await serve(drawing);
		const decoder = await open(openai(url));
		const request = { prompt: "a red apple", seed: 5 };
		await expect(decoder.generate([request], { signal, onProgress: () => undefined })).rejects.toMatchObject({ code });
		expect(asked).toHaveLength(0);
	});

	it("by its signal ends the request that is on its way", async () => {
		const gone = Promise.withResolvers<void>();
		const begun = Promise.withResolvers<void>();
		const { url } = await serve((_, response) => {
			response.on("close", () => gone.resolve());
			begun.resolve();
			return undefined;
		});
		const decoder = await open(openai(url));
		const controller = new AbortController();
		const context = { signal: controller.signal, onProgress: () => undefined };
		const drawn = decoder.generate([{ prompt: "a red apple", seed: 5 }], context);
		await begun.promise;
		controller.abort();
		await expect(drawn).rejects.toMatchObject({ code: "ABORTED" });
		await gone.promise;
	});
});

it("has the key that a model was told blotted out", async () => {
	process.env.AI_SDK_TEST_KEY = "key-in-no-known-shape";
	const telling = testHost();
	await fromAiSdk(openai("http://127.0.0.1:9"), { keyVariable: "AI_SDK_TEST_KEY" }).setup(telling);
	telling.log("warn", "The key key-in-no-known-shape is bad.");
	expect(telling.logged).toEqual(["warn: The key [redacted] is bad."]);
	delete process.env.AI_SDK_TEST_KEY;
});

describe("the guarded way", () => {
	it("reaches no private address but its own", async () => {
		const { url } = await serve(drawing);
		await expect(draw(await open((fetch) => openai(url, fetch)), {})).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
		});
		expect(await draw(await open((fetch) => openai(url, fetch), { url }), {})).toMatchObject([{ status: "done" }]);
	});

	it("is the same for those who send a Request", async () => {
		const { url, asked } = await serve(async ({ body }) => ({
			picture: (await pictureOf(8, 8, body)).toString("base64"),
		}));
		const decoder = await open(
			(fetch) => ({
				...standIn([]),
				async doGenerate({ prompt }: { readonly prompt: string | undefined }) {
					const request = new Request(url, {
						method: "POST",
						body: JSON.stringify({ prompt }),
						headers: { "x-own": "1" },
					});
					const { picture } = (await (await fetch(request)).json()) as { picture: string };
					return standIn([picture]).doGenerate(anything);
				},
			}),
			{ url },
		);
		expect(await draw(decoder, {})).toMatchObject([{ status: "done" }]);
		expect(asked).toMatchObject([{ method: "POST", headers: { "x-own": "1" }, body: { prompt: "a red apple" } }]);
	});

	it("downloads no picture from a private address that an answer leads to", async () => {
		const inside = await serve(drawing);
		const { url } = await serve(() => ({ data: [{ url: `${inside.url}/secret.png` }] }));
		const decoder = await open((fetch) => compatible(url, fetch), { url });
		await expect(draw(decoder, {})).rejects.toHaveProperty("code");
		expect(inside.asked).toHaveLength(0);
	});
});
