import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { featuresOf, readDistances } from "../../../test/distances.ts";
import { frechetDistance, frechetDistanceTo } from "./frechet-distance.ts";
import { type Moments, momentsOf } from "./moments.ts";

const sets = fc.array(
	fc.tuple(fc.float({ min: -5, max: 5, noNaN: true }), fc.float({ min: -5, max: 5, noNaN: true })),
	{
		minLength: 2,
		maxLength: 20,
	},
);

describe("the Fréchet distance", () => {
	it.each(readDistances())("of $name is the one by scipy's matrix root", ({ first, second, frechet }) => {
		const distance = frechetDistance(momentsOf(first), momentsOf(second));
		expect(Math.abs(distance - frechet)).toBeLessThan(1e-5 * Math.max(1, frechet));
	});

	it("of two known Gaussians is the one that can be worked out by hand", () => {
		const first: Moments = { width: 2, mean: Float64Array.of(0, 0), covariance: Float64Array.of(2, 0.5, 0.5, 1) };
		const second: Moments = { width: 2, mean: Float64Array.of(1, 2), covariance: Float64Array.of(1, 0, 0, 3) };
		// Of a 2 x 2 matrix, Tr M^½ is the root of Tr M + 2 (det M)^½; here of the covariances' product.
		const rootTrace = Math.sqrt(5 + 2 * Math.sqrt(1.75 * 3));
		expect(frechetDistance(first, second)).toBeCloseTo(1 + 4 + 3 + 4 - 2 * rootTrace, 10);
	});

	it("is never below zero, zero from a set to itself, and the same in both directions", () => {
		fc.assert(
			fc.property(sets, sets, (one, other) => {
				const [first, second] = [momentsOf(featuresOf(one)), momentsOf(featuresOf(other))];
				expect(frechetDistance(first, first)).toBeCloseTo(0, 6);
				const distance = frechetDistance(first, second);
				expect(distance).toBeGreaterThanOrEqual(0);
				expect(distance).toBeCloseTo(frechetDistance(second, first), 5);
			}),
		);
	});

	it("to one set may be asked of many", () => {
		const [one, other] = readDistances().slice(1, 3);
		const distance = frechetDistanceTo(momentsOf(one?.first ?? featuresOf([])));
		expect(distance(momentsOf(one?.second ?? featuresOf([])))).toBeCloseTo(one?.frechet ?? Number.NaN, 5);
		expect(distance(momentsOf(other?.second ?? featuresOf([])))).toBeGreaterThan(0);
	});

	it("is refused for features of different networks", () => {
		const moments = (rows: number[][]) => momentsOf(featuresOf(rows));
		expect(() =>
			frechetDistance(
				moments([[1], [2]]),
				moments([
					[1, 2],
					[3, 4],
				]),
			),
		).toThrow("Feature vectors of 1 and 2 numbers cannot be compared.");
	});
});
