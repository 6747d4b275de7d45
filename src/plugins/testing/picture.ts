/**
 * Pictures of a decoder under test, as pixels that can be compared.
 *
 * @module
 */
import type { DecodedImage, PixelImage } from "../image.ts";

/** @throws Error In words for the plugin's author, if it is no picture. */
export async function pixelsOf(image: DecodedImage): Promise<PixelImage> {
	if (image.kind === "pixels") {
		const { width, height, data } = image;
		if (!(Number.isInteger(width) && Number.isInteger(height) && data.length === width * height * 3)) {
			throw new Error(`gives ${data.length} bytes for ${width} x ${height} pixels of 3 bytes`);
		}
		return image;
	}
	const { default: sharp } = await import("sharp");
	try {
		const { data, info } = await sharp(image.bytes, { failOn: "truncated" })
			.flatten({ background: "white" })
			.toColourspace("srgb")
			.raw()
			.toBuffer({ resolveWithObject: true });
		const { width, height, channels } = info;
		return { kind: "pixels", width, height, data: channels === 3 ? data : grey(data, channels) };
	} catch (cause) {
		throw new Error("gives a file that is no picture, or is cut short", { cause });
	}
}

/** Three equal channels of a picture that has one. */
function grey(data: Uint8Array, channels: number): Uint8Array {
	return Uint8Array.from({ length: (data.length / channels) * 3 }, (_, index) => {
		return data[Math.floor(index / 3) * channels] as number;
	});
}

/** A picture to start from: dark on one side, light on the other. @param isTurned Light comes first. */
export function slope({ width, height }: { width: number; height: number }, isTurned = false): PixelImage {
	const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => {
		const share = (Math.floor(index / 3) % width) / width;
		return Math.floor(256 * (isTurned ? 1 - share : share)) % 256;
	});
	return { kind: "pixels", width, height, data };
}

/** Mean absolute difference of two pictures in levels from 0 to 255; infinite for different sizes. */
export function differenceOf(one: PixelImage, other: PixelImage): number {
	if (one.width !== other.width || one.height !== other.height) {
		return Number.POSITIVE_INFINITY;
	}
	let sum = 0;
	for (let index = 0; index < one.data.length; index++) {
		sum += Math.abs((one.data[index] as number) - (other.data[index] as number));
	}
	return sum / one.data.length;
}
