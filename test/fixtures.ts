/**
 * Where tests find models that are small enough to run in each of them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** An encoder folder of 16 x 16 pixels, four tokens and twelve words; training's fixtures/encoder.py writes it. */
export const tinyEncoder: string = fileURLToPath(new URL("fixtures/tiny-encoder", import.meta.url));

/** A Stable Diffusion folder that knows the same words; training's fixtures/parity.py writes it. */
export const tinyPipeline: string = fileURLToPath(
	new URL("../plugins/stable-diffusion/fixtures/tiny-epsilon", import.meta.url),
);

/** A reader folder of 32 x 32 pixels that knows two things and three colours; training's fixtures/reader.py writes it. */
export const tinyReader: string = fileURLToPath(new URL("fixtures/tiny-reader", import.meta.url));

/** What {@link tinyPipeline} lacks for drawing from pictures; training's fixtures/image_to_image.py writes it. */
export const tinyPictureEncoder: string = fileURLToPath(
	new URL("../plugins/stable-diffusion/fixtures/tiny-image", import.meta.url),
);
