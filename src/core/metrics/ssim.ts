/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli: Image quality assessment, 2004).
 *
 * @module
 */
import type { PixelImage } from "../../plugins/index.ts";
import { requireEqualSizes } from "./sizes.ts";

const windowSize = 7;
const channels = 3;
const c1 = (0.01 * 255) ** 2;
const c2 = (0.03 * 255) ** 2;

/**
 * Mean SSIM over uniform 7 x 7 windows and the three channels, as scikit-image's
 * `structural_similarity(channel_axis=2, data_range=255)`: windows that leave the picture do not count, variances are
 * sample variances.
 *
 * @returns From -1 to 1; 1 for equal pictures.
 * @throws RangeError if the sizes differ or a side is shorter than 7 pixels.
 */
export function ssim(a: PixelImage, b: PixelImage): number {
	requireEqualSizes(a, b);
	if (a.width < windowSize || a.height < windowSize) {
		throw new RangeError(`SSIM needs pictures of at least ${windowSize} x ${windowSize} pixels.`);
	}
	let sum = 0;
	for (let channel = 0; channel < channels; channel++) {
		sum += channelSsim(plane(a, channel), plane(b, channel), a.width, a.height);
	}
	return sum / channels;
}

function plane({ data }: PixelImage, channel: number): Float64Array {
	const values = new Float64Array(data.length / channels);
	for (let pixel = 0; pixel < values.length; pixel++) {
		values[pixel] = data[pixel * channels + channel] as number;
	}
	return values;
}

function channelSsim(a: Float64Array, b: Float64Array, width: number, height: number): number {
	const sums = (values: Float64Array) => windowSums(values, width, height);
	const [sumA, sumB] = [sums(a), sums(b)];
	const [sumAA, sumBB, sumAB] = [sums(product(a, a)), sums(product(b, b)), sums(product(a, b))];
	const count = windowSize * windowSize;
	const unbiased = count / (count - 1);
	let total = 0;
	for (let index = 0; index < sumA.length; index++) {
		const meanA = (sumA[index] as number) / count;
		const meanB = (sumB[index] as number) / count;
		const varianceA = unbiased * ((sumAA[index] as number) / count - meanA * meanA);
		const varianceB = unbiased * ((sumBB[index] as number) / count - meanB * meanB);
		const covariance = unbiased * ((sumAB[index] as number) / count - meanA * meanB);
		total +=
			((2 * meanA * meanB + c1) * (2 * covariance + c2)) /
			((meanA ** 2 + meanB ** 2 + c1) * (varianceA + varianceB + c2));
	}
	return total / sumA.length;
}

function product(a: Float64Array, b: Float64Array): Float64Array {
	return a.map((value, index) => value * (b[index] as number));
}

/** Sums of all windows that lie inside the picture, by a summed-area table; exact for integers. */
function windowSums(values: Float64Array, width: number, height: number): Float64Array {
	const stride = width + 1;
	const table = new Float64Array(stride * (height + 1));
	for (let y = 0; y < height; y++) {
		let row = 0;
		for (let x = 0; x < width; x++) {
			row += values[y * width + x] as number;
			table[(y + 1) * stride + x + 1] = (table[y * stride + x + 1] as number) + row;
		}
	}
	const columns = width - windowSize + 1;
	const rows = height - windowSize + 1;
	const sums = new Float64Array(columns * rows);
	for (let y = 0; y < rows; y++) {
		for (let x = 0; x < columns; x++) {
			const bottom = (y + windowSize) * stride + x;
			const top = y * stride + x;
			sums[y * columns + x] =
				(table[bottom + windowSize] as number) -
				(table[bottom] as number) -
				(table[top + windowSize] as number) +
				(table[top] as number);
		}
	}
	return sums;
}
