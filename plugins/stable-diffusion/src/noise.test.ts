import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { standardNormal } from "./noise.ts";
import { readParity } from "./testing/parity.ts";

describe("noise", () => {
	it.each(readParity().noise)("of seed $seed gives torch's $count numbers", ({ seed, count, last }) => {
		const numbers = standardNormal(count, seed);
		expect(numbers).toHaveLength(count);
		const ends = [...numbers.subarray(-last.length)];
		expect(Math.max(...ends.map((value, index) => Math.abs(value - (last[index] as number))))).toBeLessThan(2e-6);
	});

	it("is finite and the same for the same seed", () => {
		fc.assert(
			fc.property(fc.nat(2 ** 32 - 1), fc.nat(70), (seed, count) => {
				const numbers = standardNormal(count, seed);
				expect(numbers.every(Number.isFinite)).toBe(true);
				expect(standardNormal(count, seed)).toEqual(numbers);
			}),
		);
	});
});
