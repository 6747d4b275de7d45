import fc from "fast-check";
import { expect, it } from "vitest";
import { halfOfNumber, numberOfHalf } from "./half.ts";

it("reads and writes each of the 65,536 there are", () => {
	const isNoNumber = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
	const changed = Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => {
		const value = numberOfHalf(bits);
		return isNoNumber(bits) ? !Number.isNaN(value) : halfOfNumber(value) !== bits;
	});
	expect(changed).toEqual([]);
});

it.each([
	[0x0000, 0],
	[0x0001, 2 ** -24],
	[0x0400, 2 ** -14],
	[0x3555, 0.333251953125],
	[0x3c00, 1],
	[0x7bff, 65504],
	[0xc000, -2],
	[0xfc00, Number.NEGATIVE_INFINITY],
])("reads %i as %d", (bits, value) => {
	expect(numberOfHalf(bits)).toBe(value);
});

it("writes the nearest, and of two that are equally near the even one", () => {
	const finite = fc.double({ min: -65519, max: 65519, noNaN: true });
	fc.assert(
		fc.property(finite, (value) => {
			const bits = halfOfNumber(value);
			const error = Math.abs(numberOfHalf(bits) - value);
			const neighbours = [bits - 1, bits + 1].filter((other) => other >= 0 && other >> 15 === bits >> 15);
			for (const other of neighbours) {
				const otherError = Math.abs(numberOfHalf(other) - value);
				expect(error < otherError || (error === otherError && bits % 2 === 0)).toBe(true);
			}
		}),
	);
	expect([halfOfNumber(65519), halfOfNumber(65520), halfOfNumber(Number.NaN)]).toEqual([0x7bff, 0x7c00, 0x7e00]);
});
