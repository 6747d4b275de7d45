/**
 * What all metrics that compare pixel by pixel ask first.
 *
 * @module
 */
import type { PixelImage } from "../../plugins/index.ts";

/** @throws RangeError if the pictures differ in width or height. */
export function requireEqualSizes(a: PixelImage, b: PixelImage): void {
	if (a.width !== b.width || a.height !== b.height) {
		throw new RangeError(
			`Pictures of ${a.width} x ${a.height} and ${b.width} x ${b.height} pixels cannot be compared.`,
		);
	}
}
