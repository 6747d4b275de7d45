/**
 * What a decoder made, as a picture.
 *
 * @module
 */
import { type DecodedImage, DeDiffusionError } from "../../plugins/index.ts";
import { type Picture, type PictureLimits, pictureId, readPicture } from "./picture.ts";
import { rememberPixels } from "./pixels.ts";
import { encodePng } from "./png.ts";

/** What decoders make is trusted in size up to this many pixels. */
const decodedLimits: PictureLimits = { bytes: 256 * 2 ** 20, pixels: 100_000_000 };

/**
 * What a decoder made as a picture: raw pixels become a PNG, files are checked and kept.
 *
 * @throws DeDiffusionError `BACKEND_PROTOCOL` if the decoder's file is no picture, or its pixels do not fit its size.
 */
export async function pictureFrom(image: DecodedImage): Promise<Picture> {
	if (image.kind === "encoded") {
		return readPicture(image.bytes, decodedLimits, "decoder").catch((cause) => {
			throw new DeDiffusionError("BACKEND_PROTOCOL", "The decoder's answer is no picture that can be read.", { cause });
		});
	}
	const { width, height, data } = image;
	if (width < 1 || height < 1 || data.length !== width * height * 3) {
		throw new DeDiffusionError(
			"BACKEND_PROTOCOL",
			`The decoder gave ${data.length} bytes for ${width} x ${height} pixels of 3 bytes.`,
		);
	}
	const bytes = await encodePng(image);
	const picture = { id: pictureId(bytes), bytes, mediaType: "image/png", width, height };
	rememberPixels(picture, image);
	return picture;
}
