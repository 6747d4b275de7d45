import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawResample, drawSubset, seededRandom } from "./random.ts";

describe("seeded draws", () => {
	it("of a resample hold rows of the sample, some of them more than once", () => {
		const rows = drawResample(seededRandom(1), 1000);
		expect(Math.max(...rows)).toBeLessThan(1000);
		// A share of 1 - 1/e of the rows is drawn at all.
		expect(new Set(rows).size / 1000).toBeCloseTo(1 - 1 / Math.E, 1);
	});

	it("of a subset hold no row twice", () => {
		const cases = fc
			.integer({ min: 1, max: 50 })
			.chain((count) =>
				fc.record({ count: fc.constant(count), size: fc.integer({ min: 0, max: count }), seed: fc.integer() }),
			);
		fc.assert(
			fc.property(cases, ({ count, size, seed }) => {
				const rows = drawSubset(seededRandom(seed), count, size);
				expect(new Set(rows).size).toBe(size);
				expect(rows.every((row) => row < count)).toBe(true);
			}),
		);
	});

	it("of subsets favour no row", () => {
		const seeded = seededRandom(3);
		const times = new Uint32Array(5);
		for (let draw = 0; draw < 5000; draw++) {
			for (const row of drawSubset(seeded, 5, 2)) times[row] = (times[row] as number) + 1;
		}
		for (const count of times) expect(count / 2000).toBeCloseTo(1, 1);
	});
});
