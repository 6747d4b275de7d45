import { createHash } from "node:crypto";
import type { Encoder } from "dediffusion/plugin";
import { checkEncoder, sourcePicture, testHost } from "dediffusion/plugin/testing";
import sharp from "sharp";
import { afterEach, describe, expect, it } from "vitest";
import { openInferenceEncoder } from "./index.ts";
import { type ModelServer, type ModelServerOptions, startModelServer, type Tensor } from "./testing/server.ts";

type Options = Parameters<typeof openInferenceEncoder>[0];

const host = testHost();
const servers: ModelServer[] = [];

afterEach(() => {
	for (const server of servers.splice(0)) server.close();
});

const image = { name: "IMAGE", datatype: "BYTES", shape: [-1, 1] };
const text = { name: "TEXT", datatype: "BYTES", shape: [-1, 1] };
const seed = { name: "SEED", datatype: "INT64", shape: [-1, 1] };

/** A text that depends on all that was given for each picture. */
function captionOf(inputs: readonly Tensor[]): Tensor {
	const count = inputs[0]?.values.length ?? 0;
	const values = Array.from({ length: count }, (_, picture) => {
		const given = JSON.stringify(inputs.map((input) => input.values[picture]));
		return `a picture like ${createHash("sha256").update(given).digest("hex").slice(0, 8)}, größer`;
	});
	return { ...text, shape: [count, 1], values };
}

async function serve(options: Partial<ModelServerOptions> = {}): Promise<ModelServer> {
	const server = await startModelServer({ inputs: [image], output: text, run: captionOf, ...options });
	servers.push(server);
	return server;
}

async function open(url: string, options: Partial<Options> = {}): Promise<Encoder> {
	const shared = { model: "painter", inputs: { picture: "IMAGE" }, output: "TEXT" };
	const { encoders } = await openInferenceEncoder({ ...shared, ...options, url }).setup(host);
	return encoders[0] as Encoder;
}

const models: readonly [name: string, server: Partial<ModelServerOptions>, options: Partial<Options>][] = [
	["in binary", {}, {}],
	["in batches", {}, { maxBatch: 4 }],
	["in JSON", { extensions: [] }, { maxBatch: 2 }],
	["with seeds", { inputs: [image, seed] }, { inputs: { picture: "IMAGE", seed: "SEED" }, maxBatch: 2 }],
	["without a batch", { inputs: [{ ...image, shape: [1] }] }, {}],
];

it.each(models)("a model %s keeps to the contract of the SDK", async (_, server, options) => {
	const { url } = await serve(server);
	const refusing = await serve({ answer: (_asked, response) => response.writeHead(401).end() !== undefined });
	await checkEncoder(await open(url, options), {
		failing: [{ encoder: await open(refusing.url, options), code: "BACKEND_AUTH" }],
	});
});

const red = await sourcePicture(
	await sharp({ create: { width: 64, height: 32, channels: 3, background: "#ff0000" } })
		.webp()
		.toBuffer(),
);
const { signal } = new AbortController();

describe("a picture", () => {
	it("travels in JSON as base64 of the kind of file that the model reads, no larger than it likes", async () => {
		const { url, runs } = await serve({ extensions: [] });
		const encoder = await open(url, { mediaType: "image/jpeg", maxSide: 16 });
		const [result] = await encoder.encode([{ picture: red, seed: 0 }], { signal });
		expect(result).toMatchObject({ status: "done", text: expect.stringMatching(/^a picture like \w+, größer$/) });
		const sent = await sharp(Buffer.from(String(runs[0]?.[0]?.values[0]), "base64")).metadata();
		expect([sent.format, sent.width, sent.height]).toEqual(["jpeg", 16, 8]);
	});
});

describe("a model that does not fit", () => {
	it.each([
		[{ inputs: { picture: "PICTURE" } }, "inputs.picture"],
		[{ output: "CAPTION" }, "output"],
		[{ inputs: { picture: "IMAGE", seed: "SEED" } }, "inputs.seed"],
	])("%j is told by the option", async (options, input) => {
		const { url } = await serve();
		await expect((await open(url, options)).health?.(signal)).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			input,
		});
	});

	it("and gives something else than one text for each picture is not understood", async () => {
		const { url } = await serve({ run: () => ({ ...text, shape: [2, 1], values: ["one", "two"] }) });
		await expect((await open(url)).encode([{ picture: red, seed: 0 }], { signal })).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
		});
	});
});
