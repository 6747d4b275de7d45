/**
 * Pictures in the file format that a client asked for.
 *
 * @module
 */
import sharp from "sharp";
import type { Picture } from "./picture.ts";

/** Formats that can be asked for. */
export type PictureFormat = "png" | "jpeg" | "webp";

/**
 * The picture's file in a format: its own bytes where it has that already.
 *
 * @param quality From 0 to 100, for JPEG and WebP. Default: sharp's own, 80.
 */
export async function inFormat(
	{ bytes, mediaType }: Picture,
	format: PictureFormat,
	quality?: number,
): Promise<Uint8Array> {
	if (mediaType === `image/${format}`) {
		return bytes;
	}
	return sharp(bytes)
		.autoOrient()
		.toFormat(format, quality === undefined || format === "png" ? {} : { quality: Math.max(1, quality) })
		.toBuffer();
}
