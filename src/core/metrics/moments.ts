/**
 * Mean and covariance of a set of feature vectors.
 *
 * @module
 */
import type { Features } from "./features.ts";

export interface Moments {
	/** Numbers of a feature vector. */
	readonly width: number;
	/** [width] */
	readonly mean: Float64Array;
	/** Row by row: [width * width]; symmetric. */
	readonly covariance: Float64Array;
}

/**
 * Sample mean and covariance, with the divisor N - 1, as pytorch-fid's `np.cov`.
 *
 * @param rows Which vectors count, each as often as it is named: a resample of the set. Default: each once.
 * @throws RangeError for fewer than two vectors, which have no covariance.
 */
export function momentsOf(features: Features, rows?: Uint32Array): Moments {
	const { width } = features;
	const weights = weightsOf(features.count, rows);
	const total = rows?.length ?? features.count;
	if (total < 2) {
		throw new RangeError("A covariance needs at least two feature vectors.");
	}
	const mean = weightedSum(features, weights).map((sum) => sum / total);
	const covariance = new Float64Array(width * width);
	const centred = new Float64Array(width);
	for (const [row, weight] of weights.entries()) {
		if (weight > 0) {
			centre(features, row, mean, centred);
			addOuterProduct(covariance, centred, weight / (total - 1));
		}
	}
	mirror(covariance, width);
	return { width, mean, covariance };
}

/** How often each row counts. */
function weightsOf(count: number, rows: Uint32Array | undefined): Uint32Array {
	const weights = new Uint32Array(count);
	if (rows === undefined) {
		return weights.fill(1);
	}
	for (const row of rows) {
		weights[row] = (weights[row] as number) + 1;
	}
	return weights;
}

function weightedSum({ width, data }: Features, weights: Uint32Array): Float64Array {
	const sum = new Float64Array(width);
	for (const [row, weight] of weights.entries()) {
		for (let column = 0; column < width; column++) {
			sum[column] = (sum[column] as number) + weight * (data[row * width + column] as number);
		}
	}
	return sum;
}

function centre({ width, data }: Features, row: number, mean: Float64Array, centred: Float64Array): void {
	for (let column = 0; column < width; column++) {
		centred[column] = (data[row * width + column] as number) - (mean[column] as number);
	}
}

/** Into the upper triangle alone. */
function addOuterProduct(matrix: Float64Array, vector: Float64Array, factor: number): void {
	const width = vector.length;
	for (let row = 0; row < width; row++) {
		const scaled = factor * (vector[row] as number);
		if (scaled !== 0) {
			for (let column = row; column < width; column++) {
				const index = row * width + column;
				matrix[index] = (matrix[index] as number) + scaled * (vector[column] as number);
			}
		}
	}
}

function mirror(matrix: Float64Array, width: number): void {
	for (let row = 1; row < width; row++) {
		for (let column = 0; column < row; column++) {
			matrix[row * width + column] = matrix[column * width + row] as number;
		}
	}
}
