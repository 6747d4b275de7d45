import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { pictureId } from "../picture/picture.ts";
import { Blobs } from "./blobs.ts";

const scratch = await mkdtemp(join(tmpdir(), "blobs-"));
afterAll(() => rm(scratch, { recursive: true }));

let folders = 0;
const newFolder = () => join(scratch, `${folders++}`);

const filesIn = async (folder: string) =>
	(await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());

const some = new Uint8Array([1, 2, 3]);
const id = pictureId(some);

describe("blobs", () => {
	it("come back as they were put, each under its own id", async () => {
		const blobs = new Blobs(newFolder());
		await fc.assert(
			fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 4 }), async (contents) => {
				await Promise.all(contents.map((bytes) => blobs.put(pictureId(bytes), bytes)));
				for (const bytes of contents) {
					expect(new Uint8Array((await blobs.get(pictureId(bytes))) as Uint8Array)).toEqual(bytes);
				}
			}),
			{ numRuns: 25 },
		);
	});

	it("are found by whoever opens the folder later", async () => {
		const folder = newFolder();
		await new Blobs(folder).put(id, some);
		expect(await new Blobs(folder).has(id)).toBe(true);
		expect(await new Blobs(folder).get(id)).toEqual(Buffer.from(some));
	});

	it("are kept once, also when many put the same at the same time, and leave nothing else behind", async () => {
		const folder = newFolder();
		const blobs = new Blobs(folder);
		await Promise.all(Array.from({ length: 8 }, () => blobs.put(id, some)));
		expect((await filesIn(folder)).map(({ name }) => name)).toEqual([id]);
		expect(await blobs.get(id)).toEqual(Buffer.from(some));
	});

	it("that were never put are not there", async () => {
		const blobs = new Blobs(newFolder());
		expect(await blobs.has(id)).toBe(false);
		expect(await blobs.get(id)).toBeUndefined();
	});

	it("are asked for by nothing but an id: no name leads out of the folder", async () => {
		const folder = newFolder();
		await mkdir(folder);
		await writeFile(join(scratch, "secret"), "secret");
		const blobs = new Blobs(folder);
		for (const name of ["../secret", "../../secret", "", ".", id.toUpperCase(), `${id}/..`, `${id}\n`]) {
			expect(await blobs.get(name)).toBeUndefined();
		}
		await fc.assert(
			fc.asyncProperty(fc.string(), async (name) => {
				expect(await blobs.get(name)).toBeUndefined();
			}),
		);
	});

	it("fail typed where there can be no folder", async () => {
		const file = newFolder();
		await writeFile(file, "in the way");
		const blobs = new Blobs(file);
		await expect(blobs.put(id, some)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		await expect(blobs.get(id)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
	});

	it("fail typed where something else has the name, and leave nothing half done", async () => {
		const folder = newFolder();
		await mkdir(join(folder, id.slice(0, 2), id, "in the way"), { recursive: true });
		const blobs = new Blobs(folder);
		await expect(blobs.put(id, some)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		await expect(blobs.get(id)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		expect(await filesIn(folder)).toEqual([]);
	});
});
