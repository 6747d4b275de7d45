import { describe, expect, it } from "vitest";
import { readMetrics } from "../../../test/metrics.ts";
import type { PixelImage } from "../../plugins/index.ts";
import { psnr } from "./psnr.ts";

describe("PSNR", () => {
	it.each(readMetrics())("of $name is scikit-image's", ({ first, second, psnr: expected }) => {
		expect(Math.abs(psnr(first, second) - expected)).toBeLessThan(1e-6);
		expect(psnr(second, first)).toBe(psnr(first, second));
	});

	it("of equal pictures is infinite", () => {
		const image: PixelImage = { kind: "pixels", width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
		expect(psnr(image, { ...image, data: image.data.slice() })).toBe(Number.POSITIVE_INFINITY);
	});

	it("is refused for pictures of different shapes, also with as many pixels", () => {
		const wide: PixelImage = { kind: "pixels", width: 4, height: 2, data: new Uint8Array(24) };
		expect(() => psnr(wide, { ...wide, width: 2, height: 4 })).toThrow(new RangeError(expectedMessage));
	});
});

const expectedMessage = "Pictures of 4 x 2 and 2 x 4 pixels cannot be compared.";
