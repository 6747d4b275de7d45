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
		sum += channelSsim(a, b, channel);
	}
	return sum / channels;
}

/** Sums over the pixels of some part of both pictures; exact, because they are of whole numbers. */
interface Sums<Of> {
	readonly a: Of;
	readonly b: Of;
	readonly aa: Of;
	readonly bb: Of;
	readonly ab: Of;
}

/** The mean over all windows. The window goes down the picture: in each column, one pixel enters it and one leaves. */
function channelSsim(a: PixelImage, b: PixelImage, channel: number): number {
	const { width, height } = a;
	const create = () => new Int32Array(width);
	const columns: Sums<Int32Array> = { a: create(), b: create(), aa: create(), bb: create(), ab: create() };
	let total = 0;
	for (let y = 0; y < height; y++) {
		addRow(columns, a, b, y, channel, 1);
		if (y >= windowSize) {
			addRow(columns, a, b, y - windowSize, channel, -1);
		}
		if (y >= windowSize - 1) {
			total += rowSsim(columns);
		}
	}
	return total / ((width - windowSize + 1) * (height - windowSize + 1));
}

/** @param sign 1 to add the row's pixels to their columns' sums, -1 to take them out. */
function addRow(
	columns: Sums<Int32Array>,
	a: PixelImage,
	b: PixelImage,
	y: number,
	channel: number,
	sign: 1 | -1,
): void {
	const { width } = a;
	for (let x = 0; x < width; x++) {
		const index = (y * width + x) * channels + channel;
		const one = a.data[index] as number;
		const other = b.data[index] as number;
		(columns.a[x] as number) += sign * one;
		(columns.b[x] as number) += sign * other;
		(columns.aa[x] as number) += sign * one * one;
		(columns.bb[x] as number) += sign * other * other;
		(columns.ab[x] as number) += sign * one * other;
	}
}

/** The sum over the windows of one height: one column enters, one leaves. */
function rowSsim(columns: Sums<Int32Array>): number {
	let [a, b, aa, bb, ab, total] = [0, 0, 0, 0, 0, 0];
	for (let x = 0; x < columns.a.length; x++) {
		a += columns.a[x] as number;
		b += columns.b[x] as number;
		aa += columns.aa[x] as number;
		bb += columns.bb[x] as number;
		ab += columns.ab[x] as number;
		if (x >= windowSize) {
			a -= columns.a[x - windowSize] as number;
			b -= columns.b[x - windowSize] as number;
			aa -= columns.aa[x - windowSize] as number;
			bb -= columns.bb[x - windowSize] as number;
			ab -= columns.ab[x - windowSize] as number;
		}
		if (x >= windowSize - 1) {
			total += windowSsim(a, b, aa, bb, ab);
		}
	}
	return total;
}

const count = windowSize * windowSize;
const unbiased = count / (count - 1);

/** Of one window, from its sums as {@link Sums} names them. */
function windowSsim(a: number, b: number, aa: number, bb: number, ab: number): number {
	const meanA = a / count;
	const meanB = b / count;
	const varianceA = unbiased * (aa / count - meanA * meanA);
	const varianceB = unbiased * (bb / count - meanB * meanB);
	const covariance = unbiased * (ab / count - meanA * meanB);
	return (
		((2 * meanA * meanB + c1) * (2 * covariance + c2)) /
		((meanA * meanA + meanB * meanB + c1) * (varianceA + varianceB + c2))
	);
}
