/**
 * Many small pictures in one PNG, one below the other: a drawn batch that can be kept and looked at.
 *
 * @module
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import sharp from "sharp";
import type { PixelImage } from "../../src/plugins/index.ts";

/** Writes so that the file is whole or not there. @param pictures At least one; all of one size. */
export async function writeStrip(path: string, pictures: readonly PixelImage[]): Promise<void> {
	const [{ width, height }] = pictures as [PixelImage];
	const data = Buffer.concat(pictures.map(({ data }) => data));
	const raw = { width, height: height * pictures.length, channels: 3 } as const;
	const unfinished = `${path}.unfinished`;
	await writeFile(unfinished, await sharp(data, { raw, limitInputPixels: false }).png().toBuffer());
	await rename(unfinished, path);
}

/** @returns Undefined where there is no such file. */
export async function readStrip(path: string, count: number): Promise<PixelImage[] | undefined> {
	const file = await readFile(path).catch(() => undefined);
	if (file === undefined) {
		return undefined;
	}
	const { data, info } = await sharp(file, { limitInputPixels: false }).raw().toBuffer({ resolveWithObject: true });
	const [width, height] = [info.width, info.height / count];
	const size = width * height * 3;
	return Array.from({ length: count }, (_, index) => ({
		kind: "pixels",
		width,
		height,
		data: data.subarray(index * size, (index + 1) * size),
	}));
}
