import { describe, expect, it } from "vitest";
import { readDistances } from "../../test/distances.ts";
import { compare, estimateOf, frechetGauge, shareBelow } from "./fid.ts";

const sets = readDistances().find(({ name }) => name.startsWith("rectified"));
if (sets === undefined) throw new Error("The fixture has no rectified features.");
const { first, second, frechet } = sets;
const measure = frechetGauge(first, { resamples: 30, seed: 1 });

describe("the gauge", () => {
	it("measures the distance of whole sets, with the error of resamples", () => {
		const { value, standardError } = estimateOf(measure(second));
		expect(value).toBeCloseTo(frechet, 6);
		expect(standardError).toBeGreaterThan(0);
		expect(standardError).toBeLessThan(value);
	});

	it("resamples scenes, so that the originals are at no distance from themselves in any resample", () => {
		const { value, resampled } = measure(first);
		for (const distance of [value, ...resampled]) expect(distance).toBeCloseTo(0, 8);
	});

	it("compares two sets within each resample", () => {
		const sample = measure(second);
		expect(compare(sample, sample, (a, b) => a / b)).toEqual({ value: 1, standardError: 0, low: 1, high: 1 });
		const half = { value: sample.value / 2, resampled: sample.resampled.map((value) => value / 2) };
		expect(shareBelow(half, sample).value).toBeCloseTo(0.5, 12);
		expect(shareBelow(half, sample).standardError).toBeCloseTo(0, 12);
	});

	it("is refused sets of other scenes", () => {
		expect(() => measure({ ...second, count: 49 })).toThrow("49 pictures cannot be measured against 50 originals.");
	});
});
