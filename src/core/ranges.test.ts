import fc from "fast-check";
import { expect, it } from "vitest";
import { checkRange } from "./ranges.ts";

const share = { min: 0, max: 2, whole: false };
const count = { min: 1, max: 9, whole: true };

it("takes what lies in a range, its ends, and nothing at all", () => {
	fc.assert(
		fc.property(fc.double({ min: 0, max: 2, noNaN: true }), (value) => checkRange("share", value, share, "in")),
	);
	fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), (value) => checkRange("count", value, count, "in")));
	expect(() => checkRange("count", undefined, count, "in")).not.toThrow();
});

it.each([0, 10, 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY])(
	"refuses %d of a count, and says what fits",
	(value) => {
		expect(() => checkRange("count", value, count, "settings.count")).toThrow(
			expect.objectContaining({
				code: "SETTING_INVALID",
				input: "settings.count",
				message: `count is ${value}.`,
				advice: "Give a whole number from 1 to 9.",
			}),
		);
	},
);
