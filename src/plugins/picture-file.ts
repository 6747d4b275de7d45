/**
 * A picture's file in the form that a backend reads.
 *
 * @module
 */
import type { FileForm, PictureFile } from "./picture.ts";

const commonTypes = ["image/png", "image/jpeg", "image/webp"] as const;

/** A file and the size of what it shows. */
export interface SizedFile extends PictureFile {
	readonly width: number;
	readonly height: number;
}

/** The file itself where it has the form already, else another one of it, upright and no larger than wanted. */
export async function inForm(
	{ bytes, mediaType, width, height }: SizedFile,
	{ mediaTypes = commonTypes, maxSide }: FileForm = {},
): Promise<PictureFile> {
	const own = mediaTypes.find((type) => type === mediaType);
	const fits = maxSide === undefined || Math.max(width, height) <= maxSide;
	if (own !== undefined && fits) {
		return { bytes, mediaType: own };
	}
	const { default: sharp } = await import("sharp");
	const wanted = own ?? mediaTypes[0] ?? "image/png";
	const upright = sharp(bytes).autoOrient();
	const resized = fits ? upright : upright.resize(maxSide, maxSide, { fit: "inside" });
	// JPEG knows no transparency, and black is not what a viewer would see behind it.
	const opaque = wanted === "image/jpeg" ? resized.flatten({ background: "white" }) : resized;
	const format = wanted.slice("image/".length) as "png" | "jpeg" | "webp";
	return { bytes: await opaque.toFormat(format).toBuffer(), mediaType: wanted };
}
