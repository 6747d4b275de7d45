import fc from "fast-check";
import { expect, it } from "vitest";
import { floatToHalf, halfToFloat } from "./half.ts";

it("keeps every half through a float and back", () => {
	for (let half = 0; half < 0x10000; half++) {
		const value = halfToFloat(half);
		if (Number.isNaN(value)) expect(halfToFloat(floatToHalf(value))).toBeNaN();
		else expect(floatToHalf(value)).toBe(half);
	}
});

it("rounds to the nearest half, halves to even", () => {
	expect(halfToFloat(floatToHalf(2049))).toBe(2048);
	expect(halfToFloat(floatToHalf(2051))).toBe(2052);
	expect(halfToFloat(floatToHalf(65519))).toBe(65504);
	expect(halfToFloat(floatToHalf(65520))).toBe(Number.POSITIVE_INFINITY);
	fc.assert(
		fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
			const error = Math.abs(halfToFloat(floatToHalf(value)) - value);
			expect(error).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25));
		}),
	);
});
