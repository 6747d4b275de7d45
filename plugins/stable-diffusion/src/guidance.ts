/**
 * Classifier-free guidance: away from what the model predicts without the text, towards what it predicts with it.
 *
 * @module
 */

import { join } from "./arrays.ts";
import { scaled } from "./schedulers/arrays.ts";

const { fround } = Math;

/**
 * Ho and Salimans, arXiv:2207.12598.
 *
 * @param predicted Predictions without the text for all samples, then those with it.
 */
export function guide(predicted: Float32Array, scale: number): Float32Array {
	const half = predicted.length / 2;
	const guided = new Float32Array(half);
	const rounded = fround(scale);
	for (let index = 0; index < half; index++) {
		const without = predicted[index] as number;
		const difference = fround((predicted[half + index] as number) - without);
		guided[index] = without + fround(rounded * difference);
	}
	return guided;
}

/**
 * Brings guided predictions back to the deviation of those with the text, which much guidance inflates: section 3.4 of
 * arXiv:2305.08891.
 *
 * @param predicted What `guided` was made of.
 * @param share How much of the correction is taken, 0 to 1.
 * @param samples How many samples there are; each has its own deviation.
 */
export function rescale(guided: Float32Array, predicted: Float32Array, share: number, samples: number): Float32Array {
	const withText = predicted.subarray(guided.length);
	const size = guided.length / samples;
	const rescaled = Array.from({ length: samples }, (_, sample) => {
		const [start, end] = [sample * size, (sample + 1) * size];
		const ofOne = guided.subarray(start, end);
		const ratio = deviation(withText.subarray(start, end)) / deviation(ofOne);
		return scaled(ofOne, share * ratio + (1 - share));
	});
	return join(rescaled);
}

/** With Bessel's correction, as torch has it. */
function deviation(values: Float32Array): number {
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
	const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
	return Math.sqrt(squares / (values.length - 1));
}

/** The guidance scale as a distilled U-Net is told it: sines and cosines of many frequencies (arXiv:2210.03142). */
export function guidanceEmbedding(scale: number, numbers: number): Float32Array {
	const half = Math.floor(numbers / 2);
	const stride = fround(fround(Math.log(10_000)) / (half - 1));
	const angles = Array.from({ length: half }, (_, index) => {
		const frequency = fround(Math.exp(fround(index * -stride)));
		return fround(fround((scale - 1) * 1000) * frequency);
	});
	const embedding = new Float32Array(numbers);
	embedding.set(angles.map(Math.sin));
	embedding.set(angles.map(Math.cos), half);
	return embedding;
}
