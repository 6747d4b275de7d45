/**
 * Decoders in the API, with what frontends need to draw the right controls.
 *
 * @module
 */
import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import type * as sdk from "../plugins/index.ts";
import { CallLimits, Health, Lane } from "./calling.ts";

export const Setting = {
	SEED: "seed",
	STEPS: "steps",
	GUIDANCE_SCALE: "guidanceScale",
	NEGATIVE_PROMPT: "negativePrompt",
	WIDTH: "width",
	HEIGHT: "height",
	SCHEDULER: "scheduler",
	INITIAL_IMAGE: "initialImage",
	PROMPT: "prompt",
} as const satisfies Record<string, sdk.SettingName | "prompt">;

registerEnumType(Setting, {
	name: "Setting",
	description: "A field of DecodeSettings, or the prompt itself.",
	valuesConfig: {
		SEED: { description: "The field seed." },
		STEPS: { description: "The field steps." },
		GUIDANCE_SCALE: { description: "The field guidanceScale." },
		NEGATIVE_PROMPT: { description: "The field negativePrompt." },
		WIDTH: { description: "The field width." },
		HEIGHT: { description: "The field height." },
		SCHEDULER: { description: "The field scheduler." },
		INITIAL_IMAGE: { description: "The field initialImage." },
		PROMPT: { description: "The text to draw." },
	},
});

export const AbortGranularity = {
	STEP: "step",
	PICTURE: "picture",
	BATCH: "batch",
} as const satisfies Record<string, sdk.AbortGranularity>;

registerEnumType(AbortGranularity, {
	name: "AbortGranularity",
	description: "How soon a decoder stops when nobody waits any more.",
	valuesConfig: {
		STEP: { description: "Within a step, or within a request to a service." },
		PICTURE: { description: "When the picture that it draws is finished." },
		BATCH: { description: "When all pictures of the call are finished." },
	},
});

@ObjectType({ description: "The picture sizes that a decoder draws." })
export class SizeRange {
	@Field(() => Int, { description: "Smallest width and height, in pixels." })
	readonly min!: number;

	@Field(() => Int, { description: "Largest width and height, in pixels." })
	readonly max!: number;

	@Field(() => Int, { description: "Widths and heights must be multiples of this many pixels." })
	readonly multipleOf!: number;
}

@ObjectType({ description: "What a decoder uses where a request is silent." })
export class DecoderDefaults {
	@Field(() => Int, { nullable: true, description: "Denoising steps; null where the backend decides." })
	readonly steps?: number;

	@Field(() => Float, { nullable: true, description: "Guidance scale; null where the backend decides." })
	readonly guidanceScale?: number;

	@Field(() => Int, { description: "Width in pixels." })
	readonly width!: number;

	@Field(() => Int, { description: "Height in pixels." })
	readonly height!: number;

	@Field(() => String, { nullable: true, description: "Scheduler; null where the backend decides." })
	readonly scheduler?: string;
}

@ObjectType({ description: "What a decoder can do." })
export class DecoderCapabilities {
	@Field(() => [Setting], { description: "Settings it honours; any other one is answered with a warning." })
	readonly settings!: readonly sdk.SettingName[];

	@Field(() => Boolean, { description: "Whether equal requests give equal pictures." })
	readonly deterministic!: boolean;

	@Field(() => Int, { description: "How many pictures it draws at once." })
	readonly maxBatch!: number;

	@Field(() => AbortGranularity, { description: "How soon it stops when a request is given up." })
	readonly abort!: sdk.AbortGranularity;

	@Field(() => [String], { description: "Schedulers that can be asked for; empty when there is no choice." })
	readonly schedulers!: readonly string[];

	@Field(() => SizeRange, { description: "Picture sizes it draws." })
	readonly size!: SizeRange;

	@Field(() => Int, { nullable: true, description: "Most tokens of text that reach the model; null when unknown." })
	readonly maxPromptTokens?: number;

	@Field(() => ID, {
		nullable: true,
		description: "The tokenizer whose token ids it takes beside a text; null when it takes text alone.",
	})
	readonly tokenizer?: string;

	@Field(() => Boolean, { description: "Whether the backend may change the text before it draws." })
	readonly rewritesPrompt!: boolean;

	@Field(() => DecoderDefaults, { description: "What it uses where a request is silent." })
	readonly defaults!: DecoderDefaults;
}

@ObjectType({ description: "A text-to-image model." })
export class Decoder {
	@Field(() => ID, { description: "Stable id, as arguments take it." })
	readonly id!: string;

	@Field(() => String, { description: "Name for people." })
	readonly name!: string;

	@Field(() => Lane, { description: "Where its work happens." })
	readonly lane!: sdk.Lane;

	@Field(() => DecoderCapabilities, { description: "What it can do." })
	readonly capabilities!: DecoderCapabilities;

	@Field(() => CallLimits, { description: "How hard the server drives it." })
	readonly limits!: CallLimits;

	@Field(() => Health, {
		nullable: true,
		description: "Asks it whether it could draw now, which may reach a service; null with an error when asking fails.",
	})
	readonly health?: Health | null;
}
