import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tinyEncoder } from "../../../test/fixtures.ts";
import { readEncoderFolder } from "./folder.ts";

const scratch: string[] = [];
afterAll(async () => {
	await Promise.all(scratch.map((folder) => rm(folder, { recursive: true })));
});

/** A copy of the tiny encoder whose config.json is changed; what is undefined is taken out. */
async function folderWith(change: Readonly<Record<string, unknown>> = {}): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "encoder-"));
	scratch.push(folder);
	await cp(tinyEncoder, folder, { recursive: true });
	const path = join(folder, "config.json");
	const config = JSON.parse(await readFile(path, "utf8"));
	await writeFile(path, JSON.stringify({ ...config, ...change }));
	return folder;
}

describe("an encoder's folder", () => {
	it("tells what its graph takes and gives", async () => {
		const { config, vocabulary, model } = await readEncoderFolder(tinyEncoder);
		expect(config).toEqual({
			name: "Tiny encoder",
			imageSize: 16,
			mean: [0.5, 0.5, 0.5],
			std: [0.5, 0.5, 0.5],
			tokens: 4,
			attention: [2, 2],
			tokenizer: "tokenizer",
			decoder: "tiny-epsilon",
		});
		expect(vocabulary.size).toBeGreaterThan(500);
		expect(model).toBe(join(tinyEncoder, "model.onnx"));
	});

	it("may be named from the working folder", async () => {
		const { model } = await readEncoderFolder(relative(process.cwd(), tinyEncoder));
		expect(model).toBe(join(tinyEncoder, "model.onnx"));
	});

	it("may say more than this release understands", async () => {
		const { config } = await readEncoderFolder(await folderWith({ trainedOn: "scenes" }));
		expect(config).not.toHaveProperty("trainedOn");
	});

	it("of a later format is refused by its version, whatever else it says", async () => {
		const folder = await folderWith({ formatVersion: 2, tokens: undefined, words: 4 });
		await expect(readEncoderFolder(folder)).rejects.toMatchObject({
			code: "MODEL_VERSION_UNKNOWN",
			input: join(folder, "config.json"),
			message: expect.stringMatching(/format version 2; this release reads 1/),
		});
	});

	it.each([
		["format", "diffusers"],
		["formatVersion", "1"],
		["name", ""],
		["imageSize", 4],
		["imageSize", 16.5],
		["mean", [0.5]],
		["std", [0.5, 0.5, "0.5"]],
		["std", [0.5, 0, 0.5]],
		["tokens", 0],
		["attention", [2]],
		["attention", [2, 0]],
		["tokenizer", undefined],
		["decoder", undefined],
	])("whose %s is %j is refused by that name", async (field, value) => {
		const folder = await folderWith({ [field]: value });
		await expect(readEncoderFolder(folder)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "config.json"),
			message: expect.stringContaining(field),
		});
	});

	it.each(["config.json", join("tokenizer", "vocab.json")])("without %s is refused by that path", async (file) => {
		const folder = await folderWith();
		await rm(join(folder, file));
		await expect(readEncoderFolder(folder)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, file),
			message: expect.stringContaining("missing"),
		});
	});

	it("with a config.json that is no JSON is refused", async () => {
		const folder = await folderWith();
		await writeFile(join(folder, "config.json"), "format: dediffusion-encoder");
		await expect(readEncoderFolder(folder)).rejects.toMatchObject({ code: "MODEL_INVALID" });
	});

	it("that does not exist is refused", async () => {
		const folder = join(tinyEncoder, "nowhere");
		await expect(readEncoderFolder(folder)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "config.json"),
		});
	});
});
