/**
 * How sure a measured number is: the bootstrap (Efron, 1979) over pictures.
 *
 * @module
 */
import { drawResample, seededRandom } from "./random.ts";

/** A number measured on a sample of pictures. */
export interface Estimate {
	readonly value: number;
	/** Standard deviation of the number over resamples. */
	readonly standardError: number;
	/** Percentile interval that holds 95% of the resamples. */
	readonly low: number;
	readonly high: number;
}

export interface BootstrapOptions {
	/** Default 1000. */
	readonly resamples?: number | undefined;
	/** Default 0. Equal seeds resample equal rows, so that two numbers of one sample can be compared. */
	readonly seed?: number | undefined;
}

/**
 * Measures a statistic on the sample and on resamples of its rows.
 *
 * @param count Rows of the sample.
 * @param statistic Given which rows count, each as often as it is named; undefined stands for each once.
 */
export function bootstrap(
	count: number,
	statistic: (rows: Uint32Array | undefined) => number,
	{ resamples = 1000, seed = 0 }: BootstrapOptions = {},
): Estimate {
	const random = seededRandom(seed);
	const values = Float64Array.from({ length: resamples }, () => statistic(drawResample(random, count)));
	return summarize(statistic(undefined), values);
}

/** As {@link bootstrap}, of the mean of values. @throws RangeError if there are none. */
export function bootstrapMean(values: ArrayLike<number>, options?: BootstrapOptions): Estimate {
	return bootstrapRatio(values, new Uint8Array(values.length).fill(1), options);
}

/**
 * As {@link bootstrap}, of the sum of numerators over the sum of denominators, e.g. found things over drawn things.
 * A resample whose denominators are all zero counts as 0.
 *
 * @throws RangeError if there are no rows.
 */
export function bootstrapRatio(
	numerators: ArrayLike<number>,
	denominators: ArrayLike<number>,
	options?: BootstrapOptions,
): Estimate {
	const count = numerators.length;
	if (count === 0) {
		throw new RangeError("A mean needs at least one value.");
	}
	const ratio = (rows: Uint32Array | undefined): number => {
		let [above, below] = [0, 0];
		for (let place = 0; place < count; place++) {
			const row = rows === undefined ? place : (rows[place] as number);
			above += numerators[row] as number;
			below += denominators[row] as number;
		}
		return below === 0 ? 0 : above / below;
	};
	return bootstrap(count, ratio, options);
}

/** The estimate that a value and its resamples give. */
export function summarize(value: number, resampled: Float64Array): Estimate {
	const mean = resampled.reduce((sum, one) => sum + one, 0) / resampled.length;
	const squares = resampled.reduce((sum, one) => sum + (one - mean) ** 2, 0);
	const sorted = resampled.toSorted();
	return {
		value,
		standardError: Math.sqrt(squares / Math.max(resampled.length - 1, 1)),
		low: quantile(sorted, 0.025),
		high: quantile(sorted, 0.975),
	};
}

/** Linear between neighbours, as numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
	const place = share * (sorted.length - 1);
	const below = sorted[Math.floor(place)] as number;
	const above = sorted[Math.ceil(place)] as number;
	return below + (place - Math.floor(place)) * (above - below);
}
