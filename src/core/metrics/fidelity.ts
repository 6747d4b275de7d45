/**
 * How close a reconstruction comes to its original, in the reconstruction's own size.
 *
 * @module
 */
import type { Picture } from "../picture/picture.ts";
import { toPixels } from "../picture/pixels.ts";
import { psnr } from "./psnr.ts";
import { ssim } from "./ssim.ts";

export interface Fidelity {
	/** dB; null for equal pictures, where it is infinite. */
	readonly psnr: number | null;
	/** From -1 to 1; null for pictures under 7 pixels. */
	readonly ssim: number | null;
}

/** Cuts the original to the reconstruction's shape, resizes it to its size and compares pixel by pixel. */
export async function fidelity(original: Picture, reconstruction: Picture): Promise<Fidelity> {
	const size = { width: reconstruction.width, height: reconstruction.height };
	const [wanted, drawn] = await Promise.all([toPixels(original, size), toPixels(reconstruction)]);
	const ratio = psnr(wanted, drawn);
	return {
		psnr: Number.isFinite(ratio) ? ratio : null,
		ssim: Math.min(size.width, size.height) < 7 ? null : ssim(wanted, drawn),
	};
}
