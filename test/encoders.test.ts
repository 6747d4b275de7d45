/**
 * A captioner of a plugin beside De-Diffusion: listed, asked, reconstructed from and compared with, over HTTP.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { DeDiffusionError, definePlugin, type Encoder } from "../src/plugins/index.ts";
import { brush } from "./brush.ts";
import { captioner } from "./captioner.ts";
import { tinyEncoder } from "./fixtures.ts";
import { plainPicture } from "./pictures.ts";
import { pluginOf, serve, type TestServer, until } from "./server.ts";

const fails: Encoder["encode"] = async () => {
	throw new DeDiffusionError("BACKEND_AUTH", "The key is wrong.");
};
const ill = async () => {
	throw new DeDiffusionError("BACKEND_UNAVAILABLE", "Nobody is at home.");
};

let server: TestServer;
let picture: string;

beforeAll(async () => {
	const captions = definePlugin({
		name: "captions",
		options: z.strictObject({}),
		setup: () => ({ encoders: [captioner("captions"), captioner("absent", { encode: fails, health: ill })] }),
	});
	server = await serve({
		engine: {
			plugins: [pluginOf(brush("oil")), captions({})],
			encoders: [{ id: "tiny-encoder", folder: tinyEncoder }],
		},
	});
	picture = (await server.engine.pictures.add((await plainPicture([200, 10, 10])).bytes)).id;
});
afterAll(() => server.close());

test("is listed with what it can do, and with nothing that it does not know", async () => {
	const { data, errors } = await server.ask(`{ encoders {
		id name lane settings deterministic imageSize tokens vocabulary decoder device { provider }
		limits { concurrency retries timeoutMs } health { ready code message }
	} }`);
	expect(errors).toBeUndefined();
	expect(data.encoders).toMatchObject([
		{ id: "tiny-encoder", settings: ["LENGTH"], tokens: 4, limits: null, health: { ready: true } },
		{
			...{ id: "captions", name: "Captioner captions", lane: "NETWORK", settings: ["LENGTH"], deterministic: true },
			...{ imageSize: null, tokens: null, vocabulary: null, decoder: null, device: null, health: { ready: true } },
			limits: { concurrency: 4, retries: 2, timeoutMs: 120_000 },
		},
		{ id: "absent", health: { ready: false, code: "BACKEND_UNAVAILABLE", message: "Nobody is at home." } },
	]);
});

test("encodes by name, cut to words, with no attention and no scores; the first encoder stays the default", async () => {
	const { data, errors } = await server.ask(`{
		named: encode(picture: { id: "${picture}" }, encoder: "captions", length: 3) {
			text encoder tokens { id text score attention { width } } warnings { type } prefix(length: 2) { text }
		}
		seeded: encode(picture: { id: "${picture}" }, encoder: "captions", seed: 5) { warnings { type setting message } }
		default: encode(picture: { id: "${picture}" }) { encoder tokens { attention { width } } }
	}`);
	expect(errors).toBeUndefined();
	expect(data.named).toEqual({
		text: "a picture that",
		encoder: "captions",
		tokens: ["a", "picture", "that"].map((text) => ({ id: null, text, score: null, attention: null })),
		warnings: [],
		prefix: { text: "a picture" },
	});
	expect(data.seeded.warnings).toMatchObject([{ type: "UNSUPPORTED", setting: "SEED" }]);
	expect(data.default).toMatchObject({ encoder: "tiny-encoder", tokens: [{ attention: { width: 2 } }, {}, {}, {}] });
});

test("is what a picture is reconstructed from", async () => {
	const { data } = await server.ask(`{
		reconstruct(picture: { id: "${picture}" }, encoder: "captions", decoder: "oil", settings: { seed: 1 }) {
			text { text encoder } decoding { effectivePrompt } metrics { psnr }
		}
	}`);
	expect(data.reconstruct).toMatchObject({
		text: { text: "a picture that is mostly red", encoder: "captions" },
		decoding: { effectivePrompt: "a picture that is mostly red" },
	});
	expect(data.reconstruct.metrics.psnr).toBeGreaterThan(0);
});

test("stands beside De-Diffusion in one comparison of one picture; one that fails fails its own cells alone", async () => {
	const sources = [{}, { encoder: "captions" }, { encoder: "absent", label: "absent" }].map((source) => ({
		picture: { id: picture },
		...source,
	}));
	const started = await server.ask("mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id } }", {
		input: { sources, decoders: ["oil"], seeds: [1] },
	});
	expect(started.errors).toBeUndefined();
	const query = `{ comparison(id: "${started.data.transferPrompt.id}") { status cells {
		status source { text encoder warnings { message } picture { id } original { id } } metrics { psnr } error { code }
	} } }`;
	const { data } = await until(server.url, query, ({ comparison }) => comparison.status === "DONE");
	const shared = { picture: { id: picture }, original: { id: picture }, warnings: [] };
	expect(data.comparison.cells).toMatchObject([
		{ status: "DONE", source: { ...shared, encoder: "tiny-encoder" }, error: null },
		{ status: "DONE", source: { ...shared, encoder: "captions", text: "a picture that is mostly red" }, error: null },
		{ status: "FAILED", source: { ...shared, encoder: "absent", text: null }, error: { code: "BACKEND_AUTH" } },
	]);
	expect(data.comparison.cells[0].source.text).not.toContain("mostly");
});

test.each([
	[{ picture: { id: "?" }, encoder: "nobody" }, "ENCODER_NOT_FOUND", "input.sources.0.encoder"],
	[{ text: "a cat", encoder: "captions" }, "INPUT_INVALID", "input.sources.0.encoder"],
])("a source %j is refused before anything is stored", async (source, code, input) => {
	const given = "picture" in source ? { ...source, picture: { id: picture } } : source;
	const { errors } = await server.ask(
		"mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id } }",
		{ input: { sources: [given], decoders: ["oil"] } },
	);
	expect(errors?.[0]?.extensions).toMatchObject({ code, input });
});
