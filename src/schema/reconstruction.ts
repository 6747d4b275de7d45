/**
 * A picture, its text, and the picture made from the text alone.
 *
 * @module
 */
import { Field, Float, ObjectType } from "type-graphql";
import { Decoding } from "./decoding.ts";
import { Picture } from "./picture.ts";
import { DeDiffusionText } from "./text.ts";

@ObjectType({ description: "How close a picture comes to its original. Both are compared at the smaller one's size." })
export class Metrics {
	@Field(() => Float, {
		nullable: true,
		description:
			"Peak signal-to-noise ratio in decibels, higher is closer; null for equal pictures, where it is infinite.",
	})
	readonly psnr?: number;

	@Field(() => Float, { nullable: true, description: "Structural similarity, from -1 to 1; 1 for equal pictures." })
	readonly ssim?: number;
}

@ObjectType({
	description: "A picture, its De-Diffusion text, and the picture that a decoder drew from the text alone.",
})
export class Reconstruction {
	@Field(() => Picture, { description: "The picture that was encoded." })
	readonly original!: Picture;

	@Field(() => DeDiffusionText, { description: "What the encoder said of it." })
	readonly text!: DeDiffusionText;

	@Field(() => Decoding, { description: "What the decoder made of the text." })
	readonly decoding!: Decoding;

	@Field(() => Metrics, {
		nullable: true,
		description: "How close the new picture comes to the original; null when there is no new picture.",
	})
	readonly metrics?: Metrics;
}
