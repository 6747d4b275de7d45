/**
 * The sets of features that training's fixtures/distances.py measured, typed.
 *
 * @module
 */

import type { Features } from "../src/core/metrics/features.ts";
import sets from "../src/core/metrics/fixtures/distances.json" with { type: "json" };

export interface MeasuredSets {
	readonly name: string;
	readonly first: Features;
	readonly second: Features;
	/** FID by scipy's matrix root. */
	readonly frechet: number;
	/** KID's unbiased squared discrepancy of the whole sets, by numpy. */
	readonly kernel: number;
}

/** Rows as a set. */
export function featuresOf(rows: readonly (readonly number[])[]): Features {
	return { count: rows.length, width: rows[0]?.length ?? 0, data: Float32Array.from(rows.flat()) };
}

export function readDistances(): MeasuredSets[] {
	return sets.map(({ first, second, ...measured }) => ({
		...measured,
		first: featuresOf(first),
		second: featuresOf(second),
	}));
}
