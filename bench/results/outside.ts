/**
 * Pictures from outside of the encoder's world, and what it says of them.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import type { Encoder } from "../../src/core/encoder/encoder.ts";
import { readPicture } from "./built.ts";
import type { OutsideResult } from "./results.ts";

/** In the folder `outside`, whose README.md says whose they are. */
const pictures: readonly { readonly file: string; readonly title: string }[] = [
	{ file: "cat.jpg", title: "a photograph of a cat" },
	{ file: "cup.jpg", title: "a photograph of a cup of coffee" },
	{ file: "rocket.jpg", title: "a photograph of a rocket" },
	{ file: "house.svg", title: "a line drawing of a house" },
	{ file: "fish.svg", title: "a line drawing of a fish" },
	{ file: "spiral.svg", title: "a spiral" },
];

export async function describeOutside(encoder: Encoder): Promise<OutsideResult[]> {
	const results: OutsideResult[] = [];
	for (const { file, title } of pictures) {
		const png = await readOutside(file);
		const picture = await readPicture(png, { bytes: 2 ** 24, pixels: 2 ** 24 }, file);
		results.push({ file, title, text: (await encoder.encode(picture)).text });
	}
	return results;
}

/** As a PNG: drawings are drawn, photographs decoded. */
export async function readOutside(file: string): Promise<Buffer> {
	return sharp(await readFile(fileURLToPath(new URL(`outside/${file}`, import.meta.url))))
		.flatten({ background: "white" })
		.png()
		.toBuffer();
}
