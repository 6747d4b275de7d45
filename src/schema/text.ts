/**
 * De-Diffusion text in the API. What asks the engine for more (`prefix`, `reconstruct`) is resolved one floor up.
 *
 * @module
 */
import { Field, Float, ID, InputType, Int, ObjectType } from "type-graphql";
import { EncodeWarning } from "./encoder.ts";
import { Picture } from "./picture.ts";

@ObjectType({
	description: "Where in the picture a token looked: a small grid laid over the picture, row by row from the top left.",
})
export class AttentionMap {
	@Field(() => Int, { description: "Columns." })
	readonly width!: number;

	@Field(() => Int, { description: "Rows." })
	readonly height!: number;

	@Field(() => [Float], { description: "One weight for each place of the grid; they sum to 1." })
	readonly weights!: readonly number[];
}

@ObjectType({ description: "One token of a text; of a captioner that tells of none, one word." })
export class TextToken {
	@Field(() => Int, {
		nullable: true,
		description: "Number of the token in the encoder's vocabulary; null for a captioner that does not tell.",
	})
	readonly id?: number;

	@Field(() => String, { description: "The token as a person reads it." })
	readonly text!: string;

	@Field(() => Float, {
		nullable: true,
		description: "How sure the encoder was, from 0 to 1; null for a captioner that does not tell.",
	})
	readonly score?: number;

	@Field(() => AttentionMap, {
		nullable: true,
		description: "Where in the picture it looked; null for a captioner that does not tell.",
	})
	readonly attention?: AttentionMap;
}

@ObjectType({ description: "What an encoder says of a picture: words that any text-to-image model takes." })
export class DeDiffusionText {
	@Field(() => String, { description: "The whole text, ready to be used as a prompt." })
	readonly text!: string;

	@Field(() => [TextToken], { description: "The text token by token." })
	readonly tokens!: readonly TextToken[];

	@Field(() => ID, { description: "Id of the encoder that wrote it." })
	readonly encoder!: string;

	@Field(() => ID, {
		nullable: true,
		description: "Whose ids the tokens have: decoders that name the same one take them. Null when that is not known.",
	})
	readonly tokenizer?: string;

	@Field(() => [EncodeWarning], { description: "What was asked of the encoder and not done. Empty when all was." })
	readonly warnings!: readonly EncodeWarning[];

	@Field(() => Picture, { description: "The picture it was written for." })
	readonly picture!: Picture;
}

@InputType({ description: "A text as the ids of its tokens, so that it need not be taken apart again." })
export class PromptTokensInput {
	@Field(() => ID, { description: "Whose ids they are, as DeDiffusionText and DecoderCapabilities name it." })
	readonly tokenizer!: string;

	@Field(() => [Int], { description: "The ids, without start and end; 1 to 1,024." })
	readonly ids!: readonly number[];
}
