import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { PixelImage } from "../../src/plugins/index.ts";
import { readStrip, writeStrip } from "./strip.ts";

const scratch = await mkdtemp(join(tmpdir(), "strip-"));
afterAll(() => rm(scratch, { recursive: true }));

const pictures = [0, 1, 2].map(
	(number): PixelImage => ({
		kind: "pixels",
		width: 4,
		height: 2,
		data: Uint8Array.from({ length: 24 }, (_, index) => (index * 7 + number * 80) % 256),
	}),
);

describe("a strip", () => {
	it("gives back the pictures that were written, byte by byte", async () => {
		const path = join(scratch, "strip.png");
		await writeStrip(path, pictures);
		const kept = await readStrip(path, 3);
		expect(kept?.map(({ width, height, data }) => [width, height, ...data])).toEqual(
			pictures.map(({ width, height, data }) => [width, height, ...data]),
		);
		expect(await readdir(scratch)).toEqual(["strip.png"]);
	});

	it("that was not finished is not there", async () => {
		await writeFile(join(scratch, "other.png.unfinished"), "half of a");
		expect(await readStrip(join(scratch, "other.png"), 3)).toBeUndefined();
	});
});
