/**
 * Pictures to hand to what is under test.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { SourcePicture } from "../picture.ts";
import { inForm } from "../picture-file.ts";
import { pixelsOf } from "./picture.ts";

/** A picture as the host gives it to plugins, from the bytes of a file. */
export async function sourcePicture(bytes: Uint8Array): Promise<SourcePicture> {
	const { default: sharp } = await import("sharp");
	const { format, autoOrient } = await sharp(bytes).metadata();
	const { width, height } = autoOrient;
	return {
		id: createHash("sha256").update(bytes).digest("hex"),
		width,
		height,
		async pixels(size) {
			const upright = sharp(bytes).autoOrient();
			const shaped = size === undefined ? upright : upright.resize(size.width, size.height, { fit: "cover" });
			return pixelsOf({ kind: "encoded", bytes: await shaped.png().toBuffer() });
		},
		file: (form) => inForm({ bytes, mediaType: `image/${format}`, width, height }, form),
	};
}

/** Two pictures that nobody would take for each other: a red disc on white, and blue stripes on yellow. */
export async function unlikePictures(): Promise<[SourcePicture, SourcePicture]> {
	const stripes = [0, 32, 64, 96].map((x) => `<rect x="${x}" width="16" height="96" fill="#1040d0"/>`).join("");
	return Promise.all([
		drawn(128, 128, `<rect width="128" height="128" fill="white"/><circle cx="64" cy="64" r="40" fill="#d01010"/>`),
		drawn(128, 96, `<rect width="128" height="96" fill="#f0d020"/>${stripes}`),
	]);
}

async function drawn(width: number, height: number, shapes: string): Promise<SourcePicture> {
	const { default: sharp } = await import("sharp");
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes}</svg>`;
	return sourcePicture(await sharp(Buffer.from(svg)).png().toBuffer());
}
