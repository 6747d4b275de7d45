/**
 * Bytes of unknown origin to a checked picture.
 *
 * @module
 */
import { createHash } from "node:crypto";
import sharp, { type Metadata } from "sharp";
import { DeDiffusionError } from "../../plugins/index.ts";

/** The file of a picture. Its id is its content, so equal files are one picture. */
export interface Picture {
	/** SHA-256 of the bytes, 64 hexadecimal digits. */
	readonly id: string;
	readonly bytes: Uint8Array;
	/** Read from the bytes, e.g. `image/png`. */
	readonly mediaType: string;
	/** Pixels, after the file's orientation is applied. */
	readonly width: number;
	/** Pixels, after the file's orientation is applied. */
	readonly height: number;
}

/** What a picture may cost. */
export interface PictureLimits {
	/** Largest file, in bytes. */
	readonly bytes: number;
	/** Largest picture, in pixels, of all its frames the first. */
	readonly pixels: number;
}

/** Formats that are let in, as sharp names them, with their media types. SVG is not: it can read files and addresses. */
const mediaTypes: Readonly<Record<string, string>> = {
	png: "image/png",
	jpeg: "image/jpeg",
	webp: "image/webp",
	gif: "image/gif",
	avif: "image/avif",
	heif: "image/avif",
	tiff: "image/tiff",
};

/** The id of a picture with these bytes. */
export function pictureId(bytes: Uint8Array): string {
	return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Checks a file and keeps its bytes as they are. Size is read from the header and refused before a pixel is decoded;
 * then the first frame is decoded once, so that a file cut short is refused here and not in the middle of a batch.
 *
 * @param input What the caller named the picture, for errors, e.g. `picture.data`.
 * @throws DeDiffusionError `PICTURE_EMPTY`, `PICTURE_TOO_LARGE`, `PICTURE_UNREADABLE`.
 */
export async function readPicture(bytes: Uint8Array, limits: PictureLimits, input = "picture"): Promise<Picture> {
	if (bytes.length === 0) {
		throw new DeDiffusionError("PICTURE_EMPTY", "The picture has zero bytes.", { input });
	}
	if (bytes.length > limits.bytes) {
		throw new DeDiffusionError(
			"PICTURE_TOO_LARGE",
			`The picture's file has ${bytes.length} bytes, more than the limit of ${limits.bytes}.`,
			{ input },
		);
	}
	const metadata = await readHeader(bytes, input);
	const mediaType = mediaTypes[metadata.format];
	if (mediaType === undefined) {
		throw new DeDiffusionError("PICTURE_UNREADABLE", `Pictures of the format ${metadata.format} are not taken.`, {
			input,
		});
	}
	const width = metadata.autoOrient.width;
	const height = metadata.pageHeight ?? metadata.autoOrient.height;
	if (width * height > limits.pixels) {
		throw new DeDiffusionError(
			"PICTURE_TOO_LARGE",
			`The picture has ${width} x ${height} pixels, more than the limit of ${limits.pixels} in all.`,
			{ input },
		);
	}
	await decodeOnce(bytes, limits, input);
	return { id: pictureId(bytes), bytes, mediaType, width, height };
}

async function readHeader(bytes: Uint8Array, input: string): Promise<Metadata> {
	try {
		// The header alone is read here; our own limit follows, with a better message than sharp's.
		return await sharp(bytes, { limitInputPixels: false }).metadata();
	} catch (cause) {
		throw new DeDiffusionError("PICTURE_UNREADABLE", "The bytes are no picture that can be read.", { input, cause });
	}
}

async function decodeOnce(bytes: Uint8Array, limits: PictureLimits, input: string): Promise<void> {
	try {
		// stats would decode at full size too; shrinking to one pixel lets JPEG and WebP decode at a fraction of it.
		await sharp(bytes, { failOn: "truncated", limitInputPixels: limits.pixels }).resize(1, 1).raw().toBuffer();
	} catch (cause) {
		throw new DeDiffusionError("PICTURE_UNREADABLE", "The picture's file is damaged or cut short.", { input, cause });
	}
}
