import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMetrics } from "../../../test/metrics.ts";
import type { PixelImage } from "../../plugins/index.ts";
import { ssim } from "./ssim.ts";

const blank = (width: number, height: number): PixelImage => ({
	kind: "pixels",
	width,
	height,
	data: new Uint8Array(width * height * 3),
});

const noise = fc
	.uint8Array({ minLength: 9 * 8 * 3, maxLength: 9 * 8 * 3 })
	.map((data): PixelImage => ({ kind: "pixels", width: 9, height: 8, data }));

describe("SSIM", () => {
	it.each(readMetrics())("of $name is scikit-image's", ({ first, second, ssim: expected }) => {
		expect(Math.abs(ssim(first, second) - expected)).toBeLessThan(1e-6);
	});

	it("of equal pictures is 1, of all others between -1 and 1 and the same in both directions", () => {
		fc.assert(
			fc.property(noise, noise, (first, second) => {
				expect(ssim(first, first)).toBeCloseTo(1, 10);
				expect(Math.abs(ssim(first, second))).toBeLessThanOrEqual(1 + 1e-12);
				expect(ssim(first, second)).toBeCloseTo(ssim(second, first), 10);
			}),
		);
	});

	it("is refused for pictures of different sizes", () => {
		expect(() => ssim(blank(8, 8), blank(8, 9))).toThrow(RangeError);
	});

	it.each([
		[6, 20],
		[20, 6],
	])("is refused for pictures of %i x %i pixels, where no window fits", (width, height) => {
		expect(() => ssim(blank(width, height), blank(width, height))).toThrow("at least 7 x 7");
	});
});
