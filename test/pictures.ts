/**
 * Picture files that tests draw themselves.
 *
 * @module
 */
import sharp, { type Sharp } from "sharp";
import { type Picture, type PictureLimits, readPicture } from "../src/core/picture/picture.ts";

/** More than any picture of a test needs. */
export const wideLimits: PictureLimits = { bytes: 2 ** 20, pixels: 2 ** 20 };

export type Colour = readonly [red: number, green: number, blue: number];

/** One colour all over, to be written in any format. */
export function plain([r, g, b]: Colour, width = 16, height = width): Sharp {
	return sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
}

/** Vertical stripes of equal width, one for each colour. */
export function striped(colours: readonly Colour[], width: number, height: number): Sharp {
	const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => {
		const column = Math.floor(index / 3) % width;
		const colour = colours[Math.floor((column * colours.length) / width)] as Colour;
		return colour[index % 3] as number;
	});
	return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A checked PNG of one colour. */
export async function plainPicture(colour: Colour, width = 16, height = width): Promise<Picture> {
	return readPicture(await plain(colour, width, height).png().toBuffer(), wideLimits);
}
