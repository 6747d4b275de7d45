/**
 * A picture's pixels in the one form that models and metrics take: upright, opaque, sRGB, first frame.
 *
 * @module
 */
import sharp from "sharp";
import { DeDiffusionError, type PixelImage } from "../../plugins/index.ts";
import type { Picture } from "./picture.ts";

export interface PixelSize {
	readonly width: number;
	readonly height: number;
}

/**
 * Decodes a checked picture. With a size, the largest centred part of that shape is cut out and resized (Lanczos 3).
 *
 * @returns Interleaved 8-bit sRGB.
 * @throws DeDiffusionError `PICTURE_UNREADABLE`.
 */
export async function toPixels(picture: Picture, size?: PixelSize): Promise<PixelImage> {
	try {
		const upright = sharp(picture.bytes, { failOn: "truncated", limitInputPixels: false })
			.autoOrient()
			.flatten({ background: "white" })
			.toColourspace("srgb");
		const shaped =
			size === undefined
				? upright
				: upright.resize(size.width, size.height, { fit: "cover", position: "centre", kernel: "lanczos3" });
		const { data, info } = await shaped.raw().toBuffer({ resolveWithObject: true });
		return { kind: "pixels", width: info.width, height: info.height, data: threeChannels(data, info.channels) };
	} catch (cause) {
		throw new DeDiffusionError("PICTURE_UNREADABLE", "The picture's pixels cannot be decoded.", { cause });
	}
}

/** Grey files keep one channel through libvips' pipeline. */
function threeChannels(data: Buffer, channels: number): Uint8Array {
	if (channels === 3) {
		return data;
	}
	const pixels = data.length / channels;
	const rgb = new Uint8Array(pixels * 3);
	for (let pixel = 0; pixel < pixels; pixel++) {
		rgb.fill(data[pixel * channels] as number, pixel * 3, pixel * 3 + 3);
	}
	return rgb;
}
