/**
 * Pictures of a decoder as files.
 *
 * @module
 */
import type { DecodedImage } from "dediffusion/plugin";
import sharp from "sharp";

/** The file as the backend gave it, or pixels as a PNG. */
export async function fileOf(image: DecodedImage): Promise<Uint8Array> {
	if (image.kind === "encoded") {
		return image.bytes;
	}
	const { width, height, data } = image;
	return sharp(data, { raw: { width, height, channels: 3 } })
		.png()
		.toBuffer();
}
