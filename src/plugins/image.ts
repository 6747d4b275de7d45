/**
 * Pictures as they cross the SDK: raw pixels or an encoded file, whichever the backend has.
 *
 * @module
 */

/** Interleaved 8-bit sRGB, row by row from the top left: `data.length === width * height * 3`. */
export interface PixelImage {
	readonly kind: "pixels";
	readonly width: number;
	readonly height: number;
	readonly data: Uint8Array;
}

/** The bytes of an image file. The host decides the media type from the bytes, never from what a server claims. */
export interface EncodedImage {
	readonly kind: "encoded";
	readonly bytes: Uint8Array;
}

/** A picture made by a decoder. */
export type DecodedImage = PixelImage | EncodedImage;
