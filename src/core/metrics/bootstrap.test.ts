import { describe, expect, it } from "vitest";
import { bootstrap, bootstrapMean, bootstrapRatio, summarize } from "./bootstrap.ts";
import { drawResample, seededRandom } from "./random.ts";

const random = seededRandom(5);
const values = drawResample(random, 400);

describe("the bootstrap", () => {
	it("of a mean has the standard error that theory gives it", () => {
		const { value, standardError, low, high } = bootstrapMean(values, { resamples: 10_000 });
		const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
		const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (values.length - 1);
		const theory = Math.sqrt(variance / values.length);
		expect(value).toBe(mean);
		// So many resamples know the error to a percent.
		expect(standardError / theory).toBeCloseTo(1, 1);
		expect((high - low) / (2 * 1.96 * theory)).toBeCloseTo(1, 1);
		expect(low).toBeLessThan(mean);
		expect(high).toBeGreaterThan(mean);
	});

	it("of a ratio weighs rows by their denominators", () => {
		expect(bootstrapRatio([1, 0], [1, 3], { resamples: 10 }).value).toBe(0.25);
		expect(bootstrapRatio([0, 0], [0, 0], { resamples: 10 })).toEqual({ value: 0, standardError: 0, low: 0, high: 0 });
	});

	it("of what never varies is certain", () => {
		expect(bootstrapMean([1, 1, 1])).toEqual({ value: 1, standardError: 0, low: 1, high: 1 });
	});

	it("is fixed by its seed, and draws the same rows for two statistics of one sample", () => {
		const drawn = (seed: number) => {
			const rows: (readonly number[])[] = [];
			bootstrap(4, (some) => rows.push([...(some ?? [])]), { resamples: 3, seed });
			return rows;
		};
		expect(drawn(1)).toEqual(drawn(1));
		expect(drawn(2)).not.toEqual(drawn(1));
	});

	it("takes percentiles as numpy does", () => {
		const { low, high } = summarize(
			0,
			Float64Array.from({ length: 101 }, (_, index) => 100 - index),
		);
		expect([low, high]).toEqual([2.5, 97.5]);
	});

	it("of nothing is refused", () => {
		expect(() => bootstrapMean([])).toThrow(RangeError);
	});
});
