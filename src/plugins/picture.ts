/**
 * Pictures that plugins are given to look at.
 *
 * @module
 */
import type { PixelImage } from "./image.ts";

/** In which form a picture's file is wanted. */
export interface FileForm {
	/** Media types that the backend reads, best first. Default: PNG, JPEG and WebP. */
	readonly mediaTypes?: readonly ("image/png" | "image/jpeg" | "image/webp")[];
	/** Longest side in pixels; a larger picture is made smaller. Default: as it is. */
	readonly maxSide?: number;
}

/** A picture's file. */
export interface PictureFile {
	readonly bytes: Uint8Array;
	/** E.g. `image/png`. */
	readonly mediaType: string;
}

/** A checked picture: ask it for the form that the backend takes. */
export interface SourcePicture {
	/** SHA-256 of its file, in hexadecimal. */
	readonly id: string;
	/** Pixels, as seen. */
	readonly width: number;
	/** Pixels, as seen. */
	readonly height: number;
	/**
	 * Its pixels: upright, opaque, sRGB. With a size, the largest centred part of that shape is cut out and resized. They
	 * may be shared and must not be changed.
	 */
	pixels(size?: { readonly width: number; readonly height: number }): Promise<PixelImage>;
	/** Its file: the very one that was given where it has the form already. */
	file(form?: FileForm): Promise<PictureFile>;
}
