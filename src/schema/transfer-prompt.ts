/**
 * What a comparison is asked for with.
 *
 * @module
 */
import { Field, Float, ID, InputType, Int } from "type-graphql";
import { PictureInput } from "./picture.ts";
import { DecodeSettings } from "./settings.ts";

@InputType({ description: "One text for a comparison. Give exactly one of picture and text." })
export class PromptSourceInput {
	@Field(() => String, { nullable: true, description: "Name of the source, for people; made up when left out." })
	readonly label?: string | null;

	@Field(() => PictureInput, {
		nullable: true,
		description: "A picture that is encoded first; results are measured against it.",
	})
	readonly picture?: PictureInput | null;

	@Field(() => ID, {
		nullable: true,
		description: "Id of the encoder for the picture; default: the first one. Name several to compare what they say.",
	})
	readonly encoder?: string | null;

	@Field(() => String, { nullable: true, description: "A text that is used as it stands." })
	readonly text?: string | null;

	@Field(() => PictureInput, {
		nullable: true,
		description: "The picture that results of a text are measured against.",
	})
	readonly original?: PictureInput | null;
}

@InputType({
	description:
		"A comparison to be made: one cell for each combination of sources, decoders, guidance scales and seeds.",
})
export class TransferPromptInput {
	@Field(() => [PromptSourceInput], { description: "The texts, at least one." })
	readonly sources!: readonly PromptSourceInput[];

	@Field(() => [ID], { description: "Ids of the decoders, at least one." })
	readonly decoders!: readonly string[];

	@Field(() => [Int], {
		nullable: true,
		description: "Seeds; one seed chosen at random, the same for all cells, when left out.",
	})
	readonly seeds?: readonly number[] | null;

	@Field(() => [Float], { nullable: true, description: "Guidance scales; the decoders' defaults when left out." })
	readonly guidanceScales?: readonly number[] | null;

	@Field(() => DecodeSettings, { nullable: true, description: "Settings that all cells share." })
	readonly settings?: DecodeSettings | null;
}
