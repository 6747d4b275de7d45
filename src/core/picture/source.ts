/**
 * Pictures as plugins are given them.
 *
 * @module
 */
import type { SourcePicture } from "../../plugins/index.ts";
import { inForm } from "../../plugins/picture-file.ts";
import type { Picture } from "./picture.ts";
import { toPixels } from "./pixels.ts";

export function sourceOf(picture: Picture): SourcePicture {
	const { id, width, height } = picture;
	return {
		id,
		width,
		height,
		pixels: (size) => toPixels(picture, size),
		file: (form) => inForm(picture, form),
	};
}
