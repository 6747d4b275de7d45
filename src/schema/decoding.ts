/**
 * What a decoder made of a text.
 *
 * @module
 */
import { SafeIntResolver as SafeInt } from "graphql-scalars";
import { Field, Float, ID, ObjectType } from "type-graphql";
import type * as sdk from "../plugins/index.ts";
import { Setting } from "./decoder.ts";
import { Picture } from "./picture.ts";
import { WarningType } from "./warnings.ts";

@ObjectType({ description: "Something that was asked for and not done, or done otherwise." })
export class DecodeWarning {
	@Field(() => WarningType, { description: "What kind of difference it is." })
	readonly type!: sdk.DecodeWarning["type"];

	@Field(() => Setting, { nullable: true, description: "The setting concerned, where there is one." })
	readonly setting?: sdk.SettingName | "prompt";

	@Field(() => String, { description: "An explanation for people." })
	readonly message!: string;
}

@ObjectType({ description: "What a decoder made of a text." })
export class Decoding {
	@Field(() => Picture, { nullable: true, description: "The picture; null when the backend kept it back." })
	readonly picture?: Picture;

	@Field(() => ID, { description: "Id of the decoder." })
	readonly decoder!: string;

	@Field(() => SafeInt, { description: "The seed that was used, also when none was asked for." })
	readonly seed!: number;

	@Field(() => String, { description: "The text that the model really saw, after cuts and rewriting." })
	readonly effectivePrompt!: string;

	@Field(() => [DecodeWarning], { description: "What was asked for and not done. Empty when all was honoured." })
	readonly warnings!: readonly DecodeWarning[];

	@Field(() => Float, { description: "How long it took, in milliseconds." })
	readonly durationMs!: number;

	@Field(() => String, { nullable: true, description: "Why the backend kept the picture back; null when it did not." })
	readonly filteredReason?: string;
}
