/**
 * A picture's pixels in the one form that models and metrics take: upright, opaque, sRGB, first frame.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import sharp from "sharp";
import { DeDiffusionError, type PixelImage } from "../../plugins/index.ts";
import type { Picture } from "./picture.ts";

export interface PixelSize {
	readonly width: number;
	readonly height: number;
}

/** Bytes of pixels that stay in memory. */
const recentBytes = 32 * 2 ** 20;

/** An original is encoded and then measured against in each cell of a comparison; decoding it is dearer than either. */
const recent = new LRUCache<string, PixelImage>({ maxSize: recentBytes, sizeCalculation: ({ data }) => data.length });

function keyOf({ id }: Picture, size?: PixelSize): string {
	return size === undefined ? id : `${id} ${size.width}x${size.height}`;
}

/** Tells the pixels that a picture's file was made of, so that they need not be decoded again. */
export function rememberPixels(picture: Picture, pixels: PixelImage): void {
	// A copy, because whoever drew them may draw the next picture into the same bytes.
	recent.set(keyOf(picture), { ...pixels, data: Uint8Array.from(pixels.data) });
}

/**
 * Decodes a checked picture. With a size, the largest centred part of that shape is cut out and resized (Lanczos 3).
 *
 * @returns Interleaved 8-bit sRGB, not to be changed: others may be given the same.
 * @throws DeDiffusionError `PICTURE_UNREADABLE`.
 */
export async function toPixels(picture: Picture, size?: PixelSize): Promise<PixelImage> {
	const key = keyOf(picture, size);
	const known = recent.get(key);
	if (known !== undefined) {
		return known;
	}
	const pixels = await decode(picture, size);
	recent.set(key, pixels);
	return pixels;
}

async function decode(picture: Picture, size: PixelSize | undefined): Promise<PixelImage> {
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
