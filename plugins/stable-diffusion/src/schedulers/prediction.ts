/**
 * What a U-Net predicts, turned into the picture or the noise that it sees in a sample.
 *
 * A sample is `signal * picture + noise * epsilon`; the velocity is `signal * epsilon - noise * picture` (arXiv:2202.00512).
 *
 * @module
 */
import { sum } from "./arrays.ts";
import type { Prediction } from "./options.ts";

/** How much picture and how much noise a sample is made of. */
export interface Parts {
	readonly signal: number;
	readonly noise: number;
}

/** The parts of a sample of which the share `alpha` is signal, by variance. */
export function partsOf(alpha: number): Parts {
	return { signal: root(alpha), noise: root(Math.fround(1 - alpha)) };
}

const root = (value: number) => Math.fround(Math.sqrt(value));

/** A sample of these parts. */
export function mixed(picture: Float32Array, epsilon: Float32Array, { signal, noise }: Parts): Float32Array {
	const { fround } = Math;
	return picture.map((value, index) => fround(signal * value) + fround(noise * (epsilon[index] as number)));
}

/** The picture that the prediction stands for. */
export function pictureIn(
	kind: Prediction,
	prediction: Float32Array,
	sample: Float32Array,
	{ signal, noise }: Parts,
): Float32Array {
	switch (kind) {
		case "epsilon":
			return without(prediction, noise, sample, signal);
		case "v_prediction":
			return sum([signal, sample], [-noise, prediction]);
		case "sample":
			return prediction;
	}
}

/** The noise that the prediction stands for. */
export function epsilonIn(
	kind: Prediction,
	prediction: Float32Array,
	sample: Float32Array,
	{ signal, noise }: Parts,
): Float32Array {
	switch (kind) {
		case "epsilon":
			return prediction;
		case "v_prediction":
			return sum([signal, prediction], [noise, sample]);
		case "sample":
			return without(prediction, signal, sample, noise);
	}
}

/** One part of a sample, from the sample and its other part: `(sample - share * other) / rest`, rounded as torch does. */
function without(other: Float32Array, share: number, sample: Float32Array, rest: number): Float32Array {
	const { fround } = Math;
	return sample.map((value, index) => fround(fround(value - fround(share * (other[index] as number))) / rest));
}

/** The picture in a sample that is not scaled to variance 1: `sample = picture + sigma * epsilon`, as Euler and Heun count. */
export function pictureAtLevel(
	kind: Prediction,
	prediction: Float32Array,
	sample: Float32Array,
	sigma: number,
): Float32Array {
	switch (kind) {
		case "epsilon":
			return sample.map((value, index) => value - Math.fround(sigma * (prediction[index] as number)));
		case "v_prediction": {
			const square = Math.fround(Math.fround(sigma * sigma) + 1);
			const scale = Math.fround(-sigma / Math.fround(Math.sqrt(square)));
			return sample.map(
				(value, index) => Math.fround((prediction[index] as number) * scale) + Math.fround(value / square),
			);
		}
		case "sample":
			return prediction;
	}
}
