/**
 * A picture, its text, and the picture made from the text alone.
 *
 * @module
 */
import { Field, ObjectType } from "type-graphql";
import { Decoding } from "./decoding.ts";
import { Metrics } from "./metric.ts";
import { Picture } from "./picture.ts";
import { DeDiffusionText } from "./text.ts";

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
