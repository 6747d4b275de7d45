/**
 * FIDs against the originals with their bootstrap, made so that two of them can be compared scene by scene.
 *
 * @module
 */
import type { Estimate } from "../../src/core/metrics/bootstrap.ts";
import type { Features } from "../../src/core/metrics/features.ts";
import { drawResample, frechetDistanceTo, momentsOf, seededRandom, summarize } from "./built.ts";

/** A number of one sample of scenes and of resamples of it. */
export interface Sample {
	readonly value: number;
	readonly resampled: Float64Array;
}

/** Measures sets of pictures against their originals, always on the same resamples of scenes. */
export type FrechetGauge = (features: Features) => Sample;

/** @param originals One row for each scene; sets to be measured have theirs in the same order. */
export function frechetGauge(
	originals: Features,
	{ resamples, seed }: { readonly resamples: number; readonly seed: number },
): FrechetGauge {
	const random = seededRandom(seed);
	const draws = Array.from({ length: resamples }, () => drawResample(random, originals.count));
	// Each holds the root of its covariance, which takes the longest.
	const distance = frechetDistanceTo(momentsOf(originals));
	const distances = draws.map((rows) => frechetDistanceTo(momentsOf(originals, rows)));
	return function measure(features) {
		if (features.count !== originals.count) {
			throw new RangeError(`${features.count} pictures cannot be measured against ${originals.count} originals.`);
		}
		return {
			value: distance(momentsOf(features)),
			resampled: Float64Array.from(draws, (rows, index) =>
				(distances[index] as (typeof distances)[0])(momentsOf(features, rows)),
			),
		};
	};
}

export function estimateOf({ value, resampled }: Sample): Estimate {
	return summarize(value, resampled);
}

/** A number made of two samples of the same scenes, e.g. their ratio, resample by resample. */
export function compare(first: Sample, second: Sample, combine: (a: number, b: number) => number): Estimate {
	return summarize(
		combine(first.value, second.value),
		first.resampled.map((value, index) => combine(value, second.resampled[index] as number)),
	);
}

/** By how much the first number is below the second, as a share of the second; below zero where it is above. */
export function shareBelow(first: Sample, second: Sample): Estimate {
	return compare(first, second, (a, b) => 1 - a / b);
}
