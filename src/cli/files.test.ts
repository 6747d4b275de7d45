/**
 * Files are read and written, or named with the reason why not.
 *
 * @module
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plainPicture, wideLimits } from "../../test/pictures.ts";
import { readPictureFile, writeOutput } from "./files.ts";

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dediffusion-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("what is written, in folders that are made for it, is read again", async () => {
	const picture = await plainPicture([1, 2, 3]);
	const file = join(folder, "a", "b", "cat.png");
	await writeOutput(file, picture.bytes);
	expect(await readPictureFile(file, wideLimits)).toEqual(picture);
});

test("a text is written as it stands", async () => {
	const file = join(folder, "text.json");
	await writeOutput(file, "{}\n");
	expect(await readFile(file, "utf8")).toBe("{}\n");
});

test.each([
	["nowhere.png", "ENOENT"],
	[".", "EISDIR"],
])("reading %s fails with its name and %s", async (name, reason) => {
	const file = join(folder, name);
	await expect(readPictureFile(file, wideLimits)).rejects.toMatchObject({
		code: "INPUT_INVALID",
		input: file,
		message: expect.stringContaining(reason),
	});
});

test("a file that is no picture is named", async () => {
	const file = join(folder, "notes.png");
	await writeFile(file, "notes");
	await expect(readPictureFile(file, wideLimits)).rejects.toMatchObject({ code: "PICTURE_UNREADABLE", input: file });
});

test("writing below a file fails with the name", async () => {
	await writeFile(join(folder, "file"), "");
	const file = join(folder, "file", "cat.png");
	await expect(writeOutput(file, "x")).rejects.toMatchObject({ code: "INPUT_INVALID", input: file });
});
