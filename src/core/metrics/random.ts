/**
 * Random draws that a seed fixes, for metrics that sample.
 *
 * @module
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

export type { RandomGenerator };

/** @param seed A whole number. */
export function seededRandom(seed: number): RandomGenerator {
	return xoroshiro128plus(seed);
}

/** Draws as many row numbers as there are rows, with replacement: one bootstrap resample. */
export function drawResample(random: RandomGenerator, count: number): Uint32Array {
	return Uint32Array.from({ length: count }, () => uniformInt(random, 0, count - 1));
}

/** Draws different row numbers (Fisher and Yates, stopped early). @param size At most `count`. */
export function drawSubset(random: RandomGenerator, count: number, size: number): Uint32Array {
	const rows = Uint32Array.from({ length: count }, (_, row) => row);
	for (let place = 0; place < size; place++) {
		const other = uniformInt(random, place, count - 1);
		const drawn = rows[other] as number;
		rows[other] = rows[place] as number;
		rows[place] = drawn;
	}
	return rows.slice(0, size);
}
