/**
 * Settings of a decoding, as they are asked for and as they were used.
 *
 * @module
 */
import { SafeIntResolver as SafeInt } from "graphql-scalars";
import { Field, Float, InputType, Int, ObjectType } from "type-graphql";
import { Picture, PictureInput } from "./picture.ts";

@InputType({ description: "A picture to start from instead of noise alone: image-to-image." })
export class InitialImageInput {
	@Field(() => PictureInput, {
		description: "The picture; its largest centred part of the shape that is drawn is used.",
	})
	readonly picture!: PictureInput;

	@Field(() => Float, {
		nullable: true,
		description:
			"The share of the steps that is made, above 0 and up to 1; default 0.8. A small one keeps much of the picture, 1 as good as nothing.",
	})
	readonly strength?: number | null;
}

@InputType({
	description:
		"How a decoder should draw. What is left out falls back to the decoder's defaults, the seed to a random one.",
})
export class DecodeSettings {
	@Field(() => Int, { nullable: true, description: "Start of the random numbers, from 0 to 2,147,483,647." })
	readonly seed?: number | null;

	@Field(() => Int, { nullable: true, description: "Denoising steps, from 1 to 1,000." })
	readonly steps?: number | null;

	@Field(() => Float, {
		nullable: true,
		description: "Classifier-free guidance scale, from 0 to 50; 1 means no guidance.",
	})
	readonly guidanceScale?: number | null;

	@Field(() => String, { nullable: true, description: "What the picture should not show; at most 4000 characters." })
	readonly negativePrompt?: string | null;

	@Field(() => Int, { nullable: true, description: "Width in pixels, inside the decoder's range." })
	readonly width?: number | null;

	@Field(() => Int, { nullable: true, description: "Height in pixels, inside the decoder's range." })
	readonly height?: number | null;

	@Field(() => String, { nullable: true, description: "One of the decoder's schedulers." })
	readonly scheduler?: string | null;

	@Field(() => InitialImageInput, { nullable: true, description: "A picture to start from; default: noise alone." })
	readonly initialImage?: InitialImageInput | null;
}

@ObjectType({ description: "The picture that a cell starts from." })
export class InitialImage {
	@Field(() => Picture, { description: "The picture." })
	readonly picture!: Picture;

	@Field(() => Float, { description: "The share of the steps that is made." })
	readonly strength!: number;
}

@ObjectType({ description: "The settings that a cell was planned with. Null means: as the decoder decides." })
export class CellSettings {
	@Field(() => SafeInt, { description: "Start of the random numbers." })
	readonly seed!: number;

	@Field(() => Int, { nullable: true, description: "Denoising steps." })
	readonly steps?: number;

	@Field(() => Float, { nullable: true, description: "Classifier-free guidance scale." })
	readonly guidanceScale?: number;

	@Field(() => String, { nullable: true, description: "What the picture should not show." })
	readonly negativePrompt?: string;

	@Field(() => Int, { nullable: true, description: "Width in pixels." })
	readonly width?: number;

	@Field(() => Int, { nullable: true, description: "Height in pixels." })
	readonly height?: number;

	@Field(() => String, { nullable: true, description: "Scheduler." })
	readonly scheduler?: string;

	@Field(() => InitialImage, { nullable: true, description: "The picture to start from." })
	readonly initialImage?: InitialImage;
}
