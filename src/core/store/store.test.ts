import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { plainPicture } from "../../../test/pictures.ts";
import { Store } from "./store.ts";

const scratch = await mkdtemp(join(tmpdir(), "store-"));
afterAll(() => rm(scratch, { recursive: true }));

describe("a data folder", () => {
	it("makes its folder, keeps pictures and comparisons, and has them when it is opened again", async () => {
		const folder = join(scratch, "a", "new", "folder");
		const picture = await plainPicture([1, 2, 3], 12, 7);
		const comparison = {
			id: "first",
			createdAt: new Date("2026-01-02T03:04:05.678Z"),
			status: "running",
			sources: [{ label: "cat", text: "a cat", original: picture.id }],
			cells: [
				{ id: "first:0", position: 0, source: 0, decoder: "oil", settings: { seed: 1, steps: 4 }, status: "pending" },
			],
		} as const;
		const before = await Store.open(folder);
		await before.putPicture(picture);
		await before.comparisons.insert(comparison);
		expect(existsSync(join(folder, "lock"))).toBe(true);
		await before.close();
		expect(existsSync(join(folder, "lock"))).toBe(false);

		const after = await Store.open(folder);
		expect(await after.getPicture(picture.id)).toEqual(picture);
		expect(await after.comparisons.get("first")).toEqual(comparison);
		await after.close();
	});

	it("is refused while a living process uses it", async () => {
		const folder = await mkdtemp(join(scratch, "used-"));
		// The process that runs this one lives as long as the test.
		await writeFile(join(folder, "lock"), String(process.ppid));
		await expect(Store.open(folder)).rejects.toMatchObject({
			code: "STORAGE_FAILED",
			input: "dataFolder",
			message: expect.stringContaining(String(process.ppid)),
		});
		expect(existsSync(join(folder, "lock"))).toBe(true);
	});

	it("is refused when it is a file", async () => {
		const file = join(scratch, "file");
		await writeFile(file, "");
		await expect(Store.open(file)).rejects.toMatchObject({
			code: "STORAGE_FAILED",
			message: expect.stringContaining(file),
		});
	});

	it("is given back when its database cannot be opened", async () => {
		const folder = await mkdtemp(join(scratch, "broken-"));
		await writeFile(join(folder, "database"), "in the way");
		await expect(Store.open(folder)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		expect(existsSync(join(folder, "lock"))).toBe(false);
	});
});

describe("the store", async () => {
	const folder = await mkdtemp(join(scratch, "shared-"));
	const store = await Store.open(folder);

	it("keeps a picture once, also when it comes many times at once", async () => {
		const picture = await plainPicture([9, 9, 9]);
		await Promise.all(Array.from({ length: 5 }, () => store.putPicture(picture)));
		await store.putPicture(picture);
		expect(await store.getPicture(picture.id)).toEqual(picture);
	});

	it("has no picture that was never put, whatever the id looks like", async () => {
		for (const id of ["0".repeat(64), "../secret", "'; drop table pictures; --", ""]) {
			expect(await store.getPicture(id)).toBeUndefined();
		}
		const picture = await plainPicture([1, 1, 1]);
		await store.putPicture(picture);
		expect(await store.getPicture(picture.id)).toEqual(picture);
	});

	it("has no picture whose file somebody took away, until it is put again", async () => {
		const picture = await plainPicture([4, 4, 4]);
		await store.putPicture(picture);
		await rm(join(folder, "blobs"), { recursive: true });
		expect(await store.getPicture(picture.id)).toBeUndefined();
		await store.putPicture(picture);
		expect(await store.getPicture(picture.id)).toEqual(picture);
	});

	it("fails typed when its blobs cannot be written, and the picture is not there", async () => {
		await rm(join(folder, "blobs"), { recursive: true, force: true });
		await writeFile(join(folder, "blobs"), "in the way");
		const picture = await plainPicture([5, 5, 5]);
		await expect(store.putPicture(picture)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		await rm(join(folder, "blobs"));
		expect(await store.getPicture(picture.id)).toBeUndefined();
		await store.putPicture(picture);
		expect(await store.getPicture(picture.id)).toEqual(picture);
	});

	it("fails typed once it is closed", async () => {
		await store.close();
		const picture = await plainPicture([6, 6, 6]);
		await expect(store.putPicture(picture)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		await expect(store.getPicture(picture.id)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		await expect(store.comparisons.count()).rejects.toMatchObject({ code: "STORAGE_FAILED" });
	});
});
