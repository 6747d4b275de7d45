import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tinyReader } from "../../../test/fixtures.ts";
import { readReaderFolder } from "./folder.ts";

const scratch = await mkdtemp(join(tmpdir(), "reader-"));
afterAll(() => rm(scratch, { recursive: true }));

/** A copy of the tiny reader whose config.json is changed; what is undefined is taken out. */
async function folderWith(change: Readonly<Record<string, unknown>>): Promise<string> {
	const folder = await mkdtemp(join(scratch, "folder-"));
	await cp(tinyReader, folder, { recursive: true });
	const path = join(folder, "config.json");
	await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), ...change }));
	return folder;
}

describe("a reader's folder", () => {
	it("tells what its graph takes and gives", async () => {
		const { config, model } = await readReaderFolder(tinyReader);
		expect(config).toEqual({
			imageSize: 32,
			mean: [0.5, 0.5, 0.5],
			std: [0.5, 0.5, 0.5],
			words: ["cat", "dog", "red", "green", "blue"],
			things: ["cat", "dog"],
			colours: ["red", "green", "blue"],
		});
		expect(model).toBe(join(tinyReader, "model.onnx"));
	});

	it.each([
		["kind", "encoder"],
		["formatVersion", "1"],
		["imageSize", 4],
		["std", [0.5, 0, 0.5]],
		["words", []],
		["things", undefined],
		["colours", ["violet"]],
	])("whose %s is %j is refused by that name", async (field, value) => {
		const folder = await folderWith({ [field]: value });
		await expect(readReaderFolder(folder)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "config.json"),
			message: expect.stringContaining(field),
		});
	});

	it("of a later format is refused by its version", async () => {
		const folder = await folderWith({ formatVersion: 2, words: undefined });
		await expect(readReaderFolder(folder)).rejects.toMatchObject({ code: "MODEL_VERSION_UNKNOWN" });
	});

	it("that does not exist is refused by its path", async () => {
		const folder = join(scratch, "nowhere");
		await expect(readReaderFolder(folder)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "config.json"),
		});
	});
});
