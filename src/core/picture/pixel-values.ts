/**
 * Pixels in the form that vision models take.
 *
 * @module
 */
import type { PixelImage, Tensor } from "../../plugins/index.ts";

/** What a model was trained to see. */
export interface Normalization {
	/** Pixels on each side. */
	readonly imageSize: number;
	/** Of RGB in [0, 1]. */
	readonly mean: readonly [number, number, number];
	readonly std: readonly [number, number, number];
}

/**
 * Interleaved bytes to planes of float32, (RGB / 255 - mean) / std: shape [batch, 3, imageSize, imageSize].
 *
 * @param images All of `imageSize` on each side.
 */
export function pixelValues(images: readonly PixelImage[], { imageSize, mean, std }: Normalization): Tensor {
	const area = imageSize * imageSize;
	const values = new Float32Array(images.length * 3 * area);
	images.forEach(({ data }, image) => {
		for (let channel = 0; channel < 3; channel++) {
			const scale = 1 / (255 * (std[channel] as number));
			const shift = (mean[channel] as number) / (std[channel] as number);
			const start = (image * 3 + channel) * area;
			for (let pixel = 0; pixel < area; pixel++) {
				values[start + pixel] = (data[pixel * 3 + channel] as number) * scale - shift;
			}
		}
	});
	return { type: "float32", dims: [images.length, 3, imageSize, imageSize], data: values };
}
