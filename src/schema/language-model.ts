/**
 * Language models in the API: they reason over texts of pictures.
 *
 * @module
 */
import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import type * as sdk from "../plugins/index.ts";
import { CallLimits, Health, Lane } from "./calling.ts";
import { PictureInput } from "./picture.ts";
import { WarningType } from "./warnings.ts";

export const AskSetting = {
	SEED: "seed",
	TEMPERATURE: "temperature",
	MAX_TOKENS: "maxTokens",
} as const satisfies Record<string, sdk.TextSettingName>;

registerEnumType(AskSetting, {
	name: "AskSetting",
	description: "A field of AskSettings.",
	valuesConfig: {
		SEED: { description: "The field seed." },
		TEMPERATURE: { description: "The field temperature." },
		MAX_TOKENS: { description: "The field maxTokens." },
	},
});

export const MessageRole = {
	SYSTEM: "system",
	USER: "user",
	ASSISTANT: "assistant",
} as const satisfies Record<string, sdk.Message["role"]>;

registerEnumType(MessageRole, {
	name: "MessageRole",
	description: "Who says something in a conversation with a language model.",
	valuesConfig: {
		SYSTEM: { description: "Instructions for the model." },
		USER: { description: "A text and a question." },
		ASSISTANT: { description: "An answer." },
	},
});

export const FinishReason = { STOP: "stop", LENGTH: "length" } as const;

registerEnumType(FinishReason, {
	name: "FinishReason",
	description: "Why an answer ends.",
	valuesConfig: {
		STOP: { description: "It is complete." },
		LENGTH: { description: "It was cut off: no more tokens were allowed." },
	},
});

@ObjectType({ description: "A model that answers questions about texts. It never sees a picture." })
export class LanguageModel {
	@Field(() => ID, { description: "Stable id, as arguments take it." })
	readonly id!: string;

	@Field(() => String, { description: "Name for people." })
	readonly name!: string;

	@Field(() => Lane, { description: "Where its work happens." })
	readonly lane!: sdk.Lane;

	@Field(() => [AskSetting], { description: "Settings it honours; any other one is answered with a warning." })
	readonly settings!: readonly sdk.TextSettingName[];

	@Field(() => Boolean, { description: "Whether equal questions have equal answers at temperature 0." })
	readonly deterministic!: boolean;

	@Field(() => Int, {
		nullable: true,
		description: "Most tokens of examples, text and question together; null when unknown.",
	})
	readonly maxInputTokens?: number;

	@Field(() => CallLimits, { description: "How hard the server drives it." })
	readonly limits!: CallLimits;

	@Field(() => Health, {
		nullable: true,
		description:
			"Asks it whether it could answer now, which may reach a service; null with an error when asking fails.",
	})
	readonly health?: Health | null;
}

@InputType({
	description: "How a question about another picture was answered. Give exactly one of picture and text.",
})
export class ExampleInput {
	@Field(() => PictureInput, { nullable: true, description: "The other picture; it is encoded first." })
	readonly picture?: PictureInput | null;

	@Field(() => String, { nullable: true, description: "What an encoder says of the other picture." })
	readonly text?: string | null;

	@Field(() => String, { nullable: true, description: "The question; default: the one that is asked." })
	readonly question?: string | null;

	@Field(() => String, { description: "The answer." })
	readonly answer!: string;
}

@InputType({ description: "How a language model should answer." })
export class AskSettings {
	@Field(() => Int, { nullable: true, description: "Start of the random numbers, from 0 to 2,147,483,647; default 0." })
	readonly seed?: number | null;

	@Field(() => Float, {
		nullable: true,
		description: "From 0, which always takes the likeliest token and is the default, to 2.",
	})
	readonly temperature?: number | null;

	@Field(() => Int, { nullable: true, description: "Most tokens of the answer, from 1 to 100,000." })
	readonly maxTokens?: number | null;
}

@ObjectType({ description: "One turn of what a language model was given." })
export class Message {
	@Field(() => MessageRole, { description: "Who says it." })
	readonly role!: sdk.Message["role"];

	@Field(() => String, { description: "What is said." })
	readonly text!: string;
}

@ObjectType({ description: "Something that was asked of a language model and not done, or done otherwise." })
export class AnswerWarning {
	@Field(() => WarningType, { description: "What kind of difference it is." })
	readonly type!: sdk.TextWarning["type"];

	@Field(() => AskSetting, { nullable: true, description: "The setting concerned, where there is one." })
	readonly setting?: sdk.TextSettingName;

	@Field(() => String, { description: "An explanation for people." })
	readonly message!: string;
}

@ObjectType({ description: "What a language model answers." })
export class Answer {
	@Field(() => String, { description: "The answer." })
	readonly answer!: string;

	@Field(() => ID, { description: "Id of the language model." })
	readonly languageModel!: string;

	@Field(() => [Message], {
		description: "What the model was really given: instructions, examples, text and question.",
	})
	readonly messages!: readonly Message[];

	@Field(() => FinishReason, { description: "Why the answer ends." })
	readonly finishReason!: (typeof FinishReason)[keyof typeof FinishReason];

	@Field(() => Int, { nullable: true, description: "Tokens that the model read; null where it does not count." })
	readonly inputTokens?: number | null;

	@Field(() => Int, { nullable: true, description: "Tokens that the model wrote; null where it does not count." })
	readonly outputTokens?: number | null;

	@Field(() => [AnswerWarning], { description: "What was asked for and not done. Empty when all was honoured." })
	readonly warnings!: readonly AnswerWarning[];

	@Field(() => Float, { description: "How long it took, in milliseconds." })
	readonly durationMs!: number;
}
