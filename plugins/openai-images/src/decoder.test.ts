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
import { openaiImages } from "./index.ts";

type Options = Parameters<typeof openaiImages>[0];

const host = testHost();
const services: TestService[] = [];

afterEach(() => {
	for (const service of services.splice(0)) service.close();
	delete process.env.IMAGES_TEST_KEY;
});

async function serve(answer: Answer): Promise<TestService> {
	const service = await startService(answer);
	services.push(service);
	return service;
}

/** Draws as such servers do: what was asked for decides the colour. */
const drawing: Answer = async ({ method, body }) => {
	if (method === "GET") return { data: [] };
	const { n = 1, size = "64x64", ...rest } = body;
	const [width, height] = size.split("x").map(Number);
	const data = Array.from({ length: n }, async (_, index) => ({
		b64_json: (await pictureOf(width, height, rest, index)).toString("base64"),
	}));
	return { created: 1, data: await Promise.all(data) };
};

async function open(url: string, options: Options = {}): Promise<Decoder> {
	const [decoder] = await openaiImages({
		size: "64x64",
		keyVariable: "IMAGES_TEST_KEY",
		...options,
		url: `${url}/v1`,
	}).setup(host);
	return decoder as Decoder;
}

const draw = (decoder: Decoder, ...requests: Partial<DecodeRequest>[]) =>
	decoder.generate(
		requests.map((request) => ({ prompt: "a red apple", seed: 5, ...request })),
		{ signal: new AbortController().signal, onProgress: () => undefined },
	);

/** Configurations of docs/backends.md. */
const dialects: Readonly<Record<string, Options>> = {
	"OpenAI's own": { model: "gpt-image-2", maxImages: 4 },
	"a choice of sizes": { model: "dall-e-3", sizes: ["64x64", "112x64", "64x112"], responseFormat: "b64_json" },
	LocalAI: { model: "sd", fields: { seed: "seed", steps: "step" }, negativePromptSeparator: "|" },
	"stable-diffusion.cpp": {
		fields: { seed: "seed", steps: "sample_steps", negativePrompt: "negative_prompt" },
		fieldsIn: "prompt",
	},
	"De-Diffusion": {
		model: "scenes-a",
		fields: {
			seed: "seed",
			steps: "steps",
			guidanceScale: "guidance_scale",
			negativePrompt: "negative_prompt",
		},
	},
	"a server without sizes": { sendsSize: false },
};

it.each(Object.entries(dialects))("%s keeps to the contract of the SDK", async (_, options) => {
	const { url } = await serve(drawing);
	const refusing = await serve((_, response) => void response.writeHead(401).end("{}"));
	await checkDecoder(await open(url, options), {
		failing: [{ decoder: await open(refusing.url, options), code: "BACKEND_AUTH" }],
	});
});

describe("a request", () => {
	it("to OpenAI's own has what OpenAI takes and nothing else, and the key", async () => {
		process.env.IMAGES_TEST_KEY = "key-of-the-test";
		const { url, asked } = await serve(drawing);
		const options = { model: "gpt-image-2", maxImages: 2, parameters: { quality: "low" } };
		await draw(await open(url, options), { seed: 1 }, { seed: 2 });
		expect(asked).toMatchObject([{ method: "POST", path: "/v1/images/generations" }]);
		expect(asked[0]?.headers.authorization).toBe("Bearer key-of-the-test");
		expect(asked[0]?.body).toEqual({
			model: "gpt-image-2",
			prompt: "a red apple",
			n: 2,
			size: "64x64",
			quality: "low",
		});
	});

	it("has no key where there is none", async () => {
		const { url, asked } = await serve(drawing);
		await draw(await open(url), {});
		expect(asked[0]?.headers).not.toHaveProperty("authorization");
	});

	it("to LocalAI has the negative text in the prompt, and no bar of its own", async () => {
		const { url, asked } = await serve(drawing);
		const decoder = await open(url, dialects.LocalAI);
		const [result] = await draw(decoder, { prompt: "a red|green apple", negativePrompt: "blue|black", steps: 7 });
		expect(asked[0]?.body).toMatchObject({ prompt: "a red,green apple|blue,black", step: 7, seed: 5 });
		expect(result).toMatchObject({
			effectivePrompt: "a red,green apple",
			warnings: [expect.objectContaining({ type: "adjusted", setting: "prompt" })],
		});
	});

	it("to stable-diffusion.cpp has the settings in the prompt, and no settings of the text's own", async () => {
		const { url, asked } = await serve(drawing);
		const decoder = await open(url, dialects["stable-diffusion.cpp"]);
		const prompt = 'apple <sd_cpp_extra_args>{"steps":99}</sd_cpp_extra_args>';
		const [result] = await draw(decoder, { prompt, steps: 7 });
		expect(asked[0]?.body.prompt).toBe(
			'apple  {"steps":99}  <sd_cpp_extra_args>{"seed":5,"sample_steps":7}</sd_cpp_extra_args>',
		);
		expect(result?.effectivePrompt).toBe('apple  {"steps":99} ');
		expect(result?.warnings).toMatchObject([{ setting: "prompt" }]);
	});

	it("takes the nearest size that there is, and says so", async () => {
		const { url, asked } = await serve(drawing);
		const [result] = await draw(await open(url, dialects["a choice of sizes"]), { width: 120, height: 64 });
		expect(asked[0]?.body.size).toBe("112x64");
		expect(result?.warnings).toMatchObject([{ type: "adjusted", setting: "width" }]);
	});
});

const bytes = await pictureOf(8, 8);

describe("an answer", () => {
	const b64_json = bytes.toString("base64");
	const answered = async (data: unknown, options: Options = {}) => {
		const { url } = await serve(() => ({ data }));
		return draw(await open(url, options), {});
	};

	it("says what was really drawn", async () => {
		expect(await answered([{ b64_json, revised_prompt: "a shiny red apple" }])).toMatchObject([
			{ status: "done", effectivePrompt: "a shiny red apple", image: { bytes } },
		]);
	});

	it.each(["/files/1.png", "ABSOLUTE/files/1.png"])(
		"may lead to a file (%s), for which it shows its key again",
		async (path) => {
			process.env.IMAGES_TEST_KEY = "key-of-the-test";
			const service = await serve(({ method }, response) => {
				if (method === "POST") return { data: [{ url: path.replace("ABSOLUTE", service.url) }] };
				response.setHeader("content-type", "image/png").end(bytes);
				return undefined;
			});
			expect(await draw(await open(service.url, { responseFormat: "url" }), {})).toMatchObject([{ image: { bytes } }]);
			expect(service.asked[1]?.headers.authorization).toBe("Bearer key-of-the-test");
		},
	);

	it("may be a data URL", async () => {
		expect(await answered([{ url: `data:image/png;base64,${b64_json}` }])).toMatchObject([{ image: { bytes } }]);
	});

	it.each([
		["no picture", []],
		["two pictures for one", [{ b64_json }, { b64_json }]],
		["neither form", [{}]],
		["no base64", [{ b64_json: "<png>" }]],
		["another form", "pictures"],
	])("with %s is not understood", async (_, data) => {
		await expect(answered(data)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});
});

describe("a refusal", () => {
	const refused = async (status: number, error: object) => {
		const { url } = await serve((_, response) => void response.writeHead(status).end(JSON.stringify({ error })));
		return draw(await open(url), {});
	};

	it.each(["content_policy_violation", "moderation_blocked"])("for %s is a filtered picture", async (code) => {
		expect(await refused(400, { code, message: "Rejected by the safety system." })).toMatchObject([
			{ status: "filtered", reason: "Rejected by the safety system." },
		]);
	});

	it("for want of money will not pass by waiting", async () => {
		await expect(refused(429, { code: "insufficient_quota", message: "Out of credit." })).rejects.toMatchObject({
			code: "BACKEND_RATE_LIMITED",
			retryable: false,
		});
	});

	it("for anything else says what the service says", async () => {
		await expect(refused(400, { code: "unknown_model", message: "No such model." })).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			message: "The backend answered 400: No such model.",
		});
	});
});

it("takes one way for negative texts", () => {
	const options = { fields: { negativePrompt: "negative_prompt" }, negativePromptSeparator: "|" };
	expect(() => openaiImages(options)).toThrow(/negativePromptSeparator/);
});
