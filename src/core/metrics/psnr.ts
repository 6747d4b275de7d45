/**
 * Peak signal-to-noise ratio.
 *
 * @module
 */
import type { PixelImage } from "../../plugins/index.ts";
import { requireEqualSizes } from "./sizes.ts";

/**
 * PSNR over all channels of two 8-bit pictures, in dB, as scikit-image's `peak_signal_noise_ratio(data_range=255)`.
 *
 * @returns Infinity for equal pictures.
 * @throws RangeError if the sizes differ.
 */
export function psnr(a: PixelImage, b: PixelImage): number {
	requireEqualSizes(a, b);
	let squares = 0;
	for (let index = 0; index < a.data.length; index++) {
		squares += ((a.data[index] as number) - (b.data[index] as number)) ** 2;
	}
	return 10 * Math.log10((255 * 255 * a.data.length) / squares);
}
