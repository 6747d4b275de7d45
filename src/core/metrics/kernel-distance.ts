/**
 * Kernel distance between two sets of pictures: KID (Bińkowski et al., arXiv 1801.01401), in any feature space.
 *
 * @module
 */
import { type Features, requireEqualWidths } from "./features.ts";
import { drawSubset, seededRandom } from "./random.ts";

export interface KernelDistance {
	/** Over the subsets. Unbiased, so that it can be below zero for sets that are alike. */
	readonly mean: number;
	/** Standard deviation over the subsets, with the divisor N. */
	readonly deviation: number;
}

export interface KernelDistanceOptions {
	/** How many pairs of subsets. Default 100. */
	readonly subsets?: number | undefined;
	/** Pictures in a subset, at most as many as the smaller set has. Default 1000. */
	readonly subsetSize?: number | undefined;
	/** Default 0. */
	readonly seed?: number | undefined;
}

/**
 * Mean and deviation of {@link squaredDiscrepancy} over random subsets, as torchmetrics' `KernelInceptionDistance`
 * with its defaults; small sets are used whole, as clean-fid does.
 *
 * @throws RangeError for sets of fewer than two pictures, or of different widths.
 */
export function kernelDistance(
	first: Features,
	second: Features,
	{ subsets = 100, subsetSize = 1000, seed = 0 }: KernelDistanceOptions = {},
): KernelDistance {
	const random = seededRandom(seed);
	const size = Math.min(subsetSize, first.count, second.count);
	const distances = Array.from({ length: subsets }, () =>
		squaredDiscrepancy(
			take(first, drawSubset(random, first.count, size)),
			take(second, drawSubset(random, second.count, size)),
		),
	);
	const mean = distances.reduce((sum, distance) => sum + distance, 0) / subsets;
	const variance = distances.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / subsets;
	return { mean, deviation: Math.sqrt(variance) };
}

/**
 * Unbiased squared maximum mean discrepancy of whole sets under the kernel `(x · y / width + 1)³`.
 *
 * @throws RangeError for sets of fewer than two pictures, or of different widths.
 */
export function squaredDiscrepancy(first: Features, second: Features): number {
	requireEqualWidths(first, second);
	if (first.count < 2 || second.count < 2) {
		throw new RangeError("A kernel distance needs at least two feature vectors on each side.");
	}
	return meanWithin(first) + meanWithin(second) - 2 * meanBetween(first, second);
}

function take({ width, data }: Features, rows: Uint32Array): Features {
	const taken = new Float32Array(rows.length * width);
	for (const [place, row] of rows.entries()) {
		taken.set(data.subarray(row * width, (row + 1) * width), place * width);
	}
	return { count: rows.length, width, data: taken };
}

/** Over pairs of different pictures of one set. */
function meanWithin(features: Features): number {
	let sum = 0;
	for (let row = 1; row < features.count; row++) {
		for (let other = 0; other < row; other++) {
			sum += kernel(features, row, features, other);
		}
	}
	return (2 * sum) / (features.count * (features.count - 1));
}

function meanBetween(first: Features, second: Features): number {
	let sum = 0;
	for (let row = 0; row < first.count; row++) {
		for (let other = 0; other < second.count; other++) {
			sum += kernel(first, row, second, other);
		}
	}
	return sum / (first.count * second.count);
}

function kernel(first: Features, row: number, second: Features, other: number): number {
	const { width } = first;
	let product = 0;
	for (let column = 0; column < width; column++) {
		product += (first.data[row * width + column] as number) * (second.data[other * width + column] as number);
	}
	return (product / width + 1) ** 3;
}
