import { describe, expect, it } from "vitest";
import { featuresOf, readDistances } from "../../../test/distances.ts";
import { kernelDistance, squaredDiscrepancy } from "./kernel-distance.ts";

describe("the kernel distance", () => {
	it.each(readDistances())("of $name, taken whole, is numpy's", ({ first, second, kernel }) => {
		const tolerance = 1e-9 * Math.max(1, Math.abs(kernel));
		expect(Math.abs(squaredDiscrepancy(first, second) - kernel)).toBeLessThan(tolerance);
		expect(squaredDiscrepancy(second, first)).toBeCloseTo(kernel, 9);
	});

	it.each(readDistances().slice(0, 1))("of sets of equal size that fit into a subset is that of the whole", (sets) => {
		const { mean, deviation } = kernelDistance(sets.first, sets.second, { subsets: 5 });
		expect(mean).toBeCloseTo(sets.kernel, 10);
		expect(deviation).toBeCloseTo(0, 10);
	});

	it.each(readDistances().slice(1, 3))("of $name over subsets comes close to the whole's", (sets) => {
		const { mean, deviation } = kernelDistance(sets.first, sets.second, { subsets: 400, subsetSize: 15, seed: 1 });
		// Unbiased: the mean over subsets strays from the whole's by no more than chance allows.
		expect(Math.abs(mean - sets.kernel)).toBeLessThan((4 * deviation) / Math.sqrt(400));
		expect(deviation).toBeGreaterThan(0);
	});

	it.each(readDistances().slice(1, 2))("is fixed by its seed", ({ first, second }) => {
		const distance = (seed: number) => kernelDistance(first, second, { subsets: 3, subsetSize: 10, seed });
		expect(distance(1)).toEqual(distance(1));
		expect(distance(2)).not.toEqual(distance(1));
	});

	it("is refused for single pictures and for features of different networks", () => {
		const two = featuresOf([[1], [2]]);
		expect(() => kernelDistance(two, featuresOf([[1]]))).toThrow("at least two");
		expect(() =>
			squaredDiscrepancy(
				two,
				featuresOf([
					[1, 2],
					[3, 4],
				]),
			),
		).toThrow("cannot be compared");
	});
});
