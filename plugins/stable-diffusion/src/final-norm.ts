/**
 * The layer norm at the end of CLIP's text encoder, which states of an earlier layer have to go through as well.
 *
 * A graph has it inside, where nobody can call it. But one that gives its layers' outputs shows what goes into the norm
 * and what comes out, for every token of the text at hand; what the norm multiplies each channel with and adds to it
 * follows from that.
 *
 * @module
 */

/** CLIP's `layer_norm_eps`. */
const smallestVariance = 1e-5;

/** States of tokens, shape [tokens, width]. */
interface States {
	readonly data: Float32Array;
	readonly width: number;
}

/**
 * Puts states through a norm that is known by what it did to others.
 *
 * @param states What is to be normed.
 * @param before What went into the norm elsewhere: at least two tokens that differ in every channel.
 * @param after What came out there.
 */
export function normLike(states: Float32Array, before: States, after: Float32Array): Float32Array {
	const { width } = before;
	const seen = standardised(before);
	const normed = standardised({ data: states, width });
	for (let channel = 0; channel < width; channel++) {
		const { factor, offset } = lineThrough(seen, after, channel, width);
		for (let index = channel; index < normed.length; index += width) {
			normed[index] = (normed[index] as number) * factor + offset;
		}
	}
	return Float32Array.from(normed);
}

/** Each token's channels with mean 0 and deviation 1. */
function standardised({ data, width }: States): Float64Array {
	const all = Float64Array.from(data);
	for (let start = 0; start < all.length; start += width) {
		const token = all.subarray(start, start + width);
		const mean = token.reduce((sum, value) => sum + value, 0) / width;
		const variance = token.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
		const deviation = Math.sqrt(variance + smallestVariance);
		for (let channel = 0; channel < width; channel++) token[channel] = ((token[channel] as number) - mean) / deviation;
	}
	return all;
}

/** The least squares line from one channel of what was seen to what came of it. */
function lineThrough(
	seen: Float64Array,
	after: Float32Array,
	channel: number,
	width: number,
): { factor: number; offset: number } {
	const tokens = seen.length / width;
	let [meanSeen, meanAfter] = [0, 0];
	for (let index = channel; index < seen.length; index += width) {
		meanSeen += (seen[index] as number) / tokens;
		meanAfter += (after[index] as number) / tokens;
	}
	let [covariance, variance] = [0, 0];
	for (let index = channel; index < seen.length; index += width) {
		const distance = (seen[index] as number) - meanSeen;
		covariance += distance * ((after[index] as number) - meanAfter);
		variance += distance ** 2;
	}
	const factor = variance === 0 ? 0 : covariance / variance;
	return { factor, offset: meanAfter - factor * meanSeen };
}
