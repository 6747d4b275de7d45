/**
 * What a U-Net predicts, turned into the picture or the noise that it sees in a sample.
 *
 * A sample is `signal * picture + noise * epsilon`; the velocity is `signal * epsilon - noise * picture` (arXiv:2202.00512).
 *
 * @module
 */
import { sum } from "./arrays.ts";
import type { Prediction } from "./options.ts";

const { fround } = Math;

/** How much picture and how much noise a sample is made of. */
export interface Parts {
	readonly signal: number;
	readonly noise: number;
}

/** The parts of a sample of which the share `alpha` is signal, by variance. */
export function partsOf(alpha: number): Parts {
	return { signal: root(alpha), noise: root(fround(1 - alpha)) };
}

const root = (value: number) => fround(Math.sqrt(value));

/** A sample of these parts. */
export function mixed(picture: Float32Array, epsilon: Float32Array, { signal, noise }: Parts): Float32Array {
	const sample = new Float32Array(picture.length);
	for (let index = 0; index < sample.length; index++) {
		sample[index] = fround(signal * (picture[index] as number)) + fround(noise * (epsilon[index] as number));
	}
	return sample;
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
	const part = new Float32Array(sample.length);
	for (let index = 0; index < part.length; index++) {
		part[index] = fround((sample[index] as number) - fround(share * (other[index] as number))) / rest;
	}
	return part;
}

/** The picture in a sample that is not scaled to variance 1: `sample = picture + sigma * epsilon`, as Euler and Heun count. */
export function pictureAtLevel(
	kind: Prediction,
	prediction: Float32Array,
	sample: Float32Array,
	sigma: number,
): Float32Array {
	if (kind === "sample") return prediction;
	const picture = new Float32Array(sample.length);
	if (kind === "epsilon") {
		for (let index = 0; index < picture.length; index++) {
			picture[index] = (sample[index] as number) - fround(sigma * (prediction[index] as number));
		}
		return picture;
	}
	const square = fround(fround(sigma * sigma) + 1);
	const scale = fround(-sigma / fround(Math.sqrt(square)));
	for (let index = 0; index < picture.length; index++) {
		picture[index] = fround((prediction[index] as number) * scale) + fround((sample[index] as number) / square);
	}
	return picture;
}

/**
 * The sample after a step of Euler's method: down, or up, by a distance along the slope from the picture to it.
 *
 * @param sigma The level at which the sample is.
 */
export function alongSlope(sample: Float32Array, picture: Float32Array, sigma: number, distance: number): Float32Array {
	const moved = new Float32Array(sample.length);
	for (let index = 0; index < moved.length; index++) {
		const value = sample[index] as number;
		const slope = fround(fround(value - (picture[index] as number)) / sigma);
		moved[index] = value + fround(slope * distance);
	}
	return moved;
}
