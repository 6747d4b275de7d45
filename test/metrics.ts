/**
 * The pairs of pictures that training's fixtures/metrics.py measured with scikit-image, typed.
 *
 * @module
 */

import pairs from "../src/core/metrics/fixtures/metrics.json" with { type: "json" };
import type { PixelImage } from "../src/plugins/index.ts";

export interface MeasuredPair {
	readonly name: string;
	readonly first: PixelImage;
	readonly second: PixelImage;
	/** scikit-image's, in dB. */
	readonly psnr: number;
	/** scikit-image's. */
	readonly ssim: number;
}

export function readMetrics(): MeasuredPair[] {
	return pairs.map(({ name, width, height, first, second, psnr, ssim }) => {
		const image = (data: string): PixelImage => ({
			kind: "pixels",
			width,
			height,
			data: new Uint8Array(Buffer.from(data, "base64")),
		});
		return { name, first: image(first), second: image(second), psnr, ssim };
	});
}
