/**
 * The Vercel AI SDK on both sides: its `generateImage` draws with decoders of ours, and its models are decoders here.
 *
 * @module
 */
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { fromAiSdk, toAiSdk } from "@dediffusion/ai-sdk";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import { generateImage } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInference } from "../src/core/inference/pool.ts";
import type { DecodeResult, Decoder } from "../src/plugins/index.ts";
import { testHost } from "../src/plugins/testing/index.ts";
import { brush, paint } from "./brush.ts";
import { tinyPipeline } from "./fixtures.ts";
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
	far = await serve({
		token,
		decoders: [brush("oil"), brush("shy", { generate: shy }), brush("wordy", { generate: wordy })],
	});
});

afterAll(() => far?.close());

const compatible = (fetch?: typeof globalThis.fetch) =>
	createOpenAICompatible({ name: "far", baseURL: `${far.url}/v1`, apiKey: token, ...(fetch && { fetch }) });

describe("generateImage", () => {
	test("draws with a server's decoder, with settings that the AI SDK has no word for", async () => {
		const { images } = await generateImage({
			model: compatible().imageModel("oil"),
			prompt: "a cat",
			n: 2,
			maxImagesPerCall: 2,
			size: "16x8",
			providerOptions: { far: { seed: 40, steps: 3 } },
		});
		const there = await Promise.all(
			[40, 41].map((seed) => far.engine.decoders.decode("a cat", "oil", { seed, steps: 3, width: 16, height: 8 })),
		);
		expect(images.map(({ uint8Array }) => Buffer.from(uint8Array))).toEqual(
			there.map(({ picture }) => Buffer.from(picture?.bytes ?? [])),
		);
	});

	test("draws with Stable Diffusion in this process, equally for equal seeds", async () => {
		const inference = createInference({ providers: ["cpu"], threads: 1 });
		const folder = stableDiffusion({ models: [{ id: "tiny", folder: tinyPipeline, steps: 2 }] });
		const [decoder] = await folder.setup(testHost({ inference }));
		try {
			const model = toAiSdk(decoder as Decoder);
			const providerOptions = { dediffusion: { steps: 3, guidanceScale: 2 } };
			const draw = () => generateImage({ model, prompt: "a cat", n: 2, seed: 5, providerOptions });
			const [once, again] = [await draw(), await draw()];
			expect(once.warnings).toEqual([]);
			expect(once.images.map(({ base64 }) => base64)).toEqual(again.images.map(({ base64 }) => base64));
			expect(new Set(once.images.map(({ base64 }) => base64)).size).toBe(2);
			expect(once.providerMetadata.dediffusion?.images).toMatchObject([{ seed: 5 }, { seed: 6 }]);
		} finally {
			await decoder?.close?.();
			await inference.close();
		}
	});
});

describe("a server whose decoders are models of the AI SDK", () => {
	const query = `query ($decoder: ID!, $settings: DecodeSettings) {
		decode(text: "a cat", decoder: $decoder, settings: $settings) {
			picture { id width height } seed effectivePrompt filteredReason warnings { type setting }
		}
	}`;
	let near: TestServer;

	beforeAll(async () => {
		const small = { url: far.url, width: 8, height: 8 };
		const openai = (apiKey: string) => (fetch: typeof globalThis.fetch) =>
			createOpenAI({ baseURL: `${far.url}/v1`, apiKey, fetch });
		near = await serve({
			engine: {
				plugins: [
					fromAiSdk((fetch) => compatible(fetch).imageModel("oil"), {
						...{ ...small, id: "far-oil" },
						fields: { seed: "far.seed", steps: "far.steps" },
					}),
					fromAiSdk((fetch) => openai(token)(fetch).image("shy"), { ...small, id: "far-shy" }),
					fromAiSdk((fetch) => openai(token)(fetch).image("wordy"), { ...small, id: "far-wordy" }),
					fromAiSdk((fetch) => openai(token)(fetch).image("gone"), { ...small, id: "far-gone" }),
					fromAiSdk((fetch) => openai("wrong-token")(fetch).image("oil"), { ...small, id: "locked-out" }),
				],
			},
		});
	});

	afterAll(() => near?.close());

	const decode = (decoder: string, settings: object) => near.ask(query, { decoder, settings });

	test("draws what the far one draws", async () => {
		const { data, errors } = await decode("far-oil", { seed: 7, steps: 3, width: 16, height: 8 });
		expect(errors).toBeUndefined();
		expect(data.decode).toMatchObject({
			seed: 7,
			effectivePrompt: "a cat",
			picture: { width: 16, height: 8 },
			warnings: [],
		});
		const settings = { seed: 7, steps: 3, width: 16, height: 8 };
		const ids = await Promise.all(
			[
				near.engine.decoders.decode("a cat", "far-oil", settings),
				far.engine.decoders.decode("a cat", "oil", settings),
			].map(async (decoding) => (await decoding).picture?.id),
		);
		expect(ids[0]).toBe(ids[1]);
	});

	test("is told of rewritten texts, filtered pictures, and seeds that nobody takes", async () => {
		expect((await decode("far-wordy", { seed: 3 })).data.decode).toMatchObject({
			effectivePrompt: "a cat, oil on canvas",
			warnings: [{ type: "UNSUPPORTED", setting: "SEED" }],
		});
		expect((await decode("far-shy", {})).data.decode).toMatchObject({ picture: null, warnings: [] });
	});

	test.each([
		["locked-out", "BACKEND_AUTH"],
		["far-gone", "BACKEND_INVALID_REQUEST"],
	])("says why %s does not draw, and keeps the token to itself", async (decoder, code) => {
		const { errors, body } = await decode(decoder, {});
		expect(errors).toMatchObject([{ extensions: { code } }]);
		expect(body).not.toMatch(/token-of-the-test|wrong-token/);
	});
});
