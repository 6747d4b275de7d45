/**
 * Fréchet distance between two sets of pictures: FID, in the feature space of whatever network gave the features.
 *
 * @module
 */
import { EVD, Matrix } from "ml-matrix";
import { requireEqualWidths } from "./features.ts";
import type { Moments } from "./moments.ts";

/**
 * `|mean1 - mean2|² + Tr(C1 + C2 - 2 (C1 C2)^½)` (Heusel et al., arXiv 1706.08500).
 *
 * The root's trace is that of the root of `C1^½ C2 C1^½`, which is symmetric: both decompositions stay real, and
 * eigenvalues that rounding has pushed below zero count as zero. pytorch-fid takes the root of the product itself.
 *
 * Sets of few pictures come out too far apart: compare only distances of sets of equal sizes.
 */
export function frechetDistance(first: Moments, second: Moments): number {
	return frechetDistanceTo(first)(second);
}

/** As {@link frechetDistance}, for many sets that are compared with one: its root is taken once. */
export function frechetDistanceTo(reference: Moments): (other: Moments) => number {
	const root = squareRoot(matrixOf(reference));
	const referenceTrace = trace(reference);
	return function distanceTo(other) {
		requireEqualWidths(reference, other);
		const product = root.mmul(matrixOf(other)).mmul(root);
		const rootTrace = eigenvalues(product).reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
		// Rounding can leave equal sets a hair below zero.
		return Math.max(squaredDistance(reference.mean, other.mean) + referenceTrace + trace(other) - 2 * rootTrace, 0);
	};
}

function matrixOf({ width, covariance }: Moments): Matrix {
	return Matrix.from1DArray(width, width, covariance);
}

function squareRoot(matrix: Matrix): Matrix {
	const { eigenvectorMatrix, realEigenvalues } = new EVD(matrix, { assumeSymmetric: true });
	const roots = realEigenvalues.map((value) => Math.sqrt(Math.max(value, 0)));
	return eigenvectorMatrix.clone().mulRowVector(roots).mmul(eigenvectorMatrix.transpose());
}

/** Of a matrix that is symmetric but for rounding. */
function eigenvalues(matrix: Matrix): number[] {
	const symmetric = Matrix.add(matrix, matrix.transpose()).mul(0.5);
	return new EVD(symmetric, { assumeSymmetric: true }).realEigenvalues;
}

function trace({ width, covariance }: Moments): number {
	let sum = 0;
	for (let index = 0; index < width; index++) {
		sum += covariance[index * width + index] as number;
	}
	return sum;
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
	return a.reduce((sum, value, index) => sum + (value - (b[index] as number)) ** 2, 0);
}
