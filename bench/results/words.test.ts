import { describe, expect, it } from "vitest";
import { estimate } from "./testing/sample.ts";
import { nameOf, percentWithInterval, sharesInWords, withError } from "./words.ts";

describe("numbers in words", () => {
	it.each([
		[123.456, 1.234, "123 ± 1"],
		[12.3456, 0.2345, "12.3 ± 0.2"],
		[1.23456, 0.02345, "1.23 ± 0.02"],
		[0.0123456, 0.0002345, "0.0123 ± 0.0002"],
		[0, 0, "0.00 ± 0.00"],
	])("have three figures: %f ± %f", (value, error, text) => {
		expect(withError(estimate(value, error))).toBe(text);
	});

	it("have their intervals beside them", () => {
		expect(percentWithInterval(estimate(0.872, 0.0075))).toBe("87.2% (85.7 to 88.7)");
	});

	it("name prompt sources", () => {
		expect(["none", "terse", "dediffusion-4", "dediffusion-24"].map((source) => nameOf(source as "none", 24))).toEqual([
			"no text",
			"terse caption",
			"De-Diffusion, 4 tokens",
			"De-Diffusion, all 24 tokens",
		]);
	});

	it("list shares", () => {
		expect(sharesInWords({ flat: 0.625, glossy: 0.375 })).toBe("flat (63%), glossy (38%)");
	});
});
