/**
 * The server speaks as a backend: to OpenAI's and Google's own clients, and to another server of ours.
 *
 * @module
 */
import { geminiImages, imagen } from "@dediffusion/imagen-compat";
import { openaiImages } from "@dediffusion/openai-images";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DecodeResult, Decoder } from "../src/plugins/index.ts";
import { brush, paint } from "./brush.ts";
import { serve, type TestServer } from "./server.ts";

const token = "token-of-the-test";
const shy: Decoder["generate"] = async (requests) =>
	requests.map(({ seed, prompt }): DecodeResult => {
		return { status: "filtered", reason: "Not safe.", seed, effectivePrompt: prompt, warnings: [] };
	});
const wordy: Decoder["generate"] = async (requests) =>
	requests.map((request) => ({ ...paint(request), effectivePrompt: `${request.prompt}, oil on canvas` }));

let far: TestServer;

beforeAll(async () => {
	const seedless = brush("seedless", { capabilities: { settings: [] } });
	const decoders = [brush("oil"), brush("shy", { generate: shy }), brush("wordy", { generate: wordy }), seedless];
	far = await serve({ token, decoders, engine: { limits: { textLength: 100 } } });
});

afterAll(() => far?.close());

async function firstPixel(base64: string | undefined): Promise<number[]> {
	const { data } = await sharp(Buffer.from(base64 ?? "", "base64"))
		.raw()
		.toBuffer({ resolveWithObject: true });
	return [...data.subarray(0, 3)];
}

async function formatOf(base64: string | undefined): Promise<string> {
	return (await sharp(Buffer.from(base64 ?? "", "base64")).metadata()).format;
}

describe("OpenAI's client", () => {
	const client = () => new OpenAI({ baseURL: `${far.url}/v1`, apiKey: token, maxRetries: 0 });

	test("lists the decoders as models", async () => {
		const { data } = await client().models.list();
		expect(data.map(({ id }) => id)).toEqual(["tiny", "oil", "shy", "wordy", "seedless"]);
		expect(await client().models.retrieve("oil")).toMatchObject({ id: "oil", object: "model" });
	});

	test("draws several pictures, with seeds that follow each other", async () => {
		const extra = { seed: 40, steps: 3 };
		const { data = [] } = await client().images.generate({ model: "oil", prompt: "a cat", n: 3, ...extra });
		expect(await Promise.all(data.map(({ b64_json }) => firstPixel(b64_json)))).toEqual([
			[40, 40, 40],
			[41, 41, 41],
			[42, 42, 42],
		]);
	});

	test("is warned of a seed that counts for nothing, if it gave one", async () => {
		const warningsWith = async (extra: object) => {
			const { data = [] } = await client().images.generate({ model: "seedless", prompt: "a cat", ...extra });
			return data.map((image) => (image as { warnings?: object[] }).warnings);
		};
		expect(await warningsWith({})).toEqual([undefined]);
		expect(await warningsWith({ seed: 3 })).toMatchObject([[{ type: "unsupported", setting: "seed" }]]);
	});

	test("says which size and format it wants", async () => {
		const wanted = { size: "16x24" as "auto", output_format: "webp" as const };
		const { data = [] } = await client().images.generate({ model: "oil", prompt: "a cat", ...wanted });
		const file = Buffer.from(data[0]?.b64_json ?? "", "base64");
		expect(await sharp(file).metadata()).toMatchObject({ format: "webp", width: 16, height: 24 });
	});

	test("gets an address where it wants one, under which the picture is", async () => {
		const { data = [] } = await client().images.generate({ model: "oil", prompt: "a cat", response_format: "url" });
		const response = await fetch(data[0]?.url ?? "", { headers: { authorization: `Bearer ${token}` } });
		expect(response.headers.get("content-type")).toBe("image/png");
	});

	test("is told what was really drawn", async () => {
		const { data = [] } = await client().images.generate({ model: "wordy", prompt: "a cat" });
		expect(data[0]?.revised_prompt).toBe("a cat, oil on canvas");
	});

	test.each([
		["a filtered picture", { model: "shy", prompt: "a cat" }, 422, "content_policy_violation"],
		["an unknown decoder", { model: "dall-e-2", prompt: "a cat" }, 404, "DECODER_NOT_FOUND"],
		["an empty text", { model: "oil", prompt: " " }, 400, "TEXT_EMPTY"],
		["a text that is too long", { model: "oil", prompt: "x".repeat(101) }, 400, "TEXT_TOO_LONG"],
		[
			"a size that the decoder does not draw",
			{ model: "oil", prompt: "a", size: "17x16" as "auto" },
			400,
			"SETTING_INVALID",
		],
		["eleven pictures", { model: "oil", prompt: "a cat", n: 11 }, 400, "INPUT_INVALID"],
	])("is told of %s in its own words", async (_, request, status, code) => {
		await expect(client().images.generate(request)).rejects.toMatchObject({ status, code });
	});

	test("needs the token", async () => {
		const stranger = new OpenAI({ baseURL: `${far.url}/v1`, apiKey: "guessed", maxRetries: 0 });
		await expect(stranger.images.generate({ model: "oil", prompt: "a cat" })).rejects.toMatchObject({ status: 401 });
	});
});

describe("Google's client", () => {
	const client = (apiKey = token) =>
		new GoogleGenAI({ vertexai: true, apiKey, httpOptions: { baseUrl: far.url, apiVersion: "v1" } });

	test("draws several pictures, with seeds that follow each other", async () => {
		const config = { numberOfImages: 2, seed: 40, addWatermark: false, outputMimeType: "image/jpeg" };
		const { generatedImages = [] } = await client().models.generateImages({ model: "oil", prompt: "a cat", config });
		const files = generatedImages.map(({ image }) => image?.imageBytes);
		expect(await Promise.all(files.map(formatOf))).toEqual(["jpeg", "jpeg"]);
		expect(await firstPixel(files[1])).toEqual([41, 41, 41]);
	});

	test.each([
		"/v1beta/models/oil:predict",
		"/v1/projects/p/locations/l/publishers/google/models/oil:predict",
		"/v1beta1/projects/p/locations/l/publishers/google/models/oil:predict",
	])("may ask at %s, as older ones of the Gemini API and of Vertex AI do", async (path) => {
		const response = await fetch(`${far.url}${path}`, {
			method: "POST",
			headers: { "x-goog-api-key": token, "content-type": "application/json" },
			body: JSON.stringify({ instances: [{ prompt: "a cat" }], parameters: { sampleCount: 1 } }),
		});
		expect(response.status).toBe(200);
		const { predictions } = (await response.json()) as { predictions: { bytesBase64Encoded: string }[] };
		expect(await formatOf(predictions[0]?.bytesBase64Encoded)).toBe("png");
	});

	test("asks for a shape, and gets about as many pixels in it", async () => {
		const config = { aspectRatio: "4:1" };
		const { generatedImages } = await client().models.generateImages({ model: "oil", prompt: "a cat", config });
		const file = Buffer.from(generatedImages?.[0]?.image?.imageBytes ?? "", "base64");
		expect(await sharp(file).metadata()).toMatchObject({ width: 16, height: 8 });
	});

	test("is told what was filtered and what was rewritten", async () => {
		const { generatedImages: none } = await client().models.generateImages({ model: "shy", prompt: "a cat" });
		expect(none).toMatchObject([{ raiFilteredReason: "Not safe." }]);
		const { generatedImages: wordy } = await client().models.generateImages({ model: "wordy", prompt: "a cat" });
		expect(wordy).toMatchObject([{ enhancedPrompt: "a cat, oil on canvas" }]);
	});

	test.each([
		["an unknown decoder", "imagen-4", "a cat", 404],
		["an empty text", "oil", " ", 400],
	])("is told of %s", async (_, model, prompt, status) => {
		await expect(client().models.generateImages({ model, prompt })).rejects.toMatchObject({ status });
	});

	test("needs the token, in its own header or as a bearer, and for these doors alone", async () => {
		await expect(client("guessed").models.generateImages({ model: "oil", prompt: "a" })).rejects.toMatchObject({
			status: 401,
		});
		const graphql = await fetch(`${far.url}/graphql?query={__typename}`, { headers: { "x-goog-api-key": token } });
		expect(graphql.status).toBe(401);
	});
});

describe("another server of ours", () => {
	const query = `query ($decoder: ID!, $settings: DecodeSettings) {
		decode(text: "a cat", decoder: $decoder, settings: $settings) {
			picture { width height } seed effectivePrompt filteredReason warnings { type setting }
		}
	}`;
	let near: TestServer;

	beforeAll(async () => {
		process.env.FAR_TOKEN = token;
		process.env.WRONG_TOKEN = "wrong-token";
		const url = `${far.url}/v1`;
		const over = { url, flavour: "dediffusion", width: 8, height: 8, tokenVariable: "FAR_TOKEN" } as const;
		const fields = { seed: "seed", steps: "steps" };
		near = await serve({
			engine: {
				plugins: [
					imagen({ ...over, id: "far-oil", model: "oil" }),
					imagen({ ...over, id: "far-shy", model: "shy" }),
					imagen({ ...over, id: "far-wordy", model: "wordy" }),
					imagen({ ...over, id: "far-gone", model: "gone" }),
					imagen({ ...over, id: "locked-out", model: "oil", tokenVariable: "WRONG_TOKEN" }),
					openaiImages({ id: "far-openai", url, model: "oil", size: "8x8", keyVariable: "FAR_TOKEN", fields }),
					openaiImages({
						...{ id: "far-links", url, model: "oil", size: "8x8", keyVariable: "FAR_TOKEN", fields },
						responseFormat: "url",
					}),
					geminiImages({ id: "far-gemini", url, model: "oil", keyVariable: "FAR_TOKEN" }),
				],
			},
		});
	});

	afterAll(async () => {
		delete process.env.FAR_TOKEN;
		delete process.env.WRONG_TOKEN;
		await near?.close();
	});

	const decode = (decoder: string, settings: object) => near.ask(query, { decoder, settings });

	test.each(["far-oil", "far-openai", "far-links"])("draws through %s what the far one draws", async (decoder) => {
		const { data, errors } = await decode(decoder, { seed: 7, steps: 3, width: 16, height: 8 });
		expect(errors).toBeUndefined();
		expect(data.decode).toMatchObject({ seed: 7, effectivePrompt: "a cat", picture: { width: 16, height: 8 } });
		expect(data.decode.warnings).toEqual([]);
	});

	test("gets equal pictures for equal seeds through every door", async () => {
		const ids = await Promise.all(
			["far-oil", "far-openai", "far-links"].map(
				async (decoder) => (await near.engine.decoders.decode("a cat", decoder, { seed: 9 })).picture?.id,
			),
		);
		const there = (await far.engine.decoders.decode("a cat", "oil", { seed: 9 })).picture?.id;
		expect(new Set(ids)).toEqual(new Set([there]));
	});

	test("passes on warnings, rewritten texts and reasons", async () => {
		expect((await decode("far-oil", { guidanceScale: 3 })).data.decode.warnings).toEqual([
			{ type: "UNSUPPORTED", setting: "GUIDANCE_SCALE" },
		]);
		expect((await decode("far-wordy", {})).data.decode.effectivePrompt).toBe("a cat, oil on canvas");
		expect((await decode("far-shy", {})).data.decode).toMatchObject({ picture: null, filteredReason: "Not safe." });
	});

	test.each([
		["locked-out", "BACKEND_AUTH"],
		["far-gone", "BACKEND_INVALID_REQUEST"],
		["far-gemini", "BACKEND_INVALID_REQUEST"],
	])("says why %s does not draw, and keeps the token to itself", async (decoder, code) => {
		const { errors, body } = await decode(decoder, {});
		expect(errors).toMatchObject([{ extensions: { code } }]);
		expect(body).not.toMatch(/token-of-the-test|wrong-token/);
	});

	test("is healthy as long as the far one is there", async () => {
		const never = new AbortController().signal;
		await expect(near.engine.decoders.health("far-oil", never)).resolves.toBeUndefined();
		await expect(near.engine.decoders.health("far-openai", never)).resolves.toBeUndefined();
		await expect(near.engine.decoders.health("locked-out", never)).rejects.toMatchObject({ code: "BACKEND_AUTH" });
		await expect(near.engine.decoders.health("far-gone", never)).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
		});
	});
});
