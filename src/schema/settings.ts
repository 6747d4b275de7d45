/**
 * Settings of a decoding, as they are asked for and as they were used.
 *
 * @module
 */
import { SafeIntResolver as SafeInt } from "graphql-scalars";
import { Field, Float, InputType, Int, ObjectType } from "type-graphql";

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
}
