/**
 * Encoders in the API.
 *
 * @module
 */
import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import type * as sdk from "../plugins/index.ts";
import { CallLimits, Health, Lane } from "./calling.ts";
import { WarningType } from "./warnings.ts";

export const ExecutionProvider = {
	CUDA: "cuda",
	WEBGPU: "webgpu",
	CPU: "cpu",
} as const satisfies Record<string, sdk.ExecutionProvider>;

registerEnumType(ExecutionProvider, {
	name: "ExecutionProvider",
	description: "What runs a model.",
	valuesConfig: {
		CUDA: { description: "An NVIDIA GPU through CUDA." },
		WEBGPU: { description: "Any GPU through WebGPU." },
		CPU: { description: "The processor." },
	},
});

@ObjectType({ description: "A better way to run a model that could not be had." })
export class SkippedProvider {
	@Field(() => ExecutionProvider, { description: "What was tried." })
	readonly provider!: sdk.ExecutionProvider;

	@Field(() => String, { description: "Why it was passed over." })
	readonly reason!: string;
}

@ObjectType({ description: "Where a model runs, and why not somewhere faster." })
export class Device {
	@Field(() => ExecutionProvider, { description: "What the model runs on." })
	readonly provider!: sdk.ExecutionProvider;

	@Field(() => [SkippedProvider], { description: "What was tried before, best first." })
	readonly skipped!: readonly SkippedProvider[];
}

export const EncodeSetting = {
	SEED: "seed",
	LENGTH: "length",
} as const satisfies Record<string, sdk.EncodeSettingName>;

registerEnumType(EncodeSetting, {
	name: "EncodeSetting",
	description: "An argument of encode that an encoder may honour.",
	valuesConfig: {
		SEED: { description: "The argument seed." },
		LENGTH: { description: "The argument length." },
	},
});

@ObjectType({ description: "Something that was asked of an encoder and not done, or done otherwise." })
export class EncodeWarning {
	@Field(() => WarningType, { description: "What kind of difference it is." })
	readonly type!: sdk.EncodeWarning["type"];

	@Field(() => EncodeSetting, { nullable: true, description: "The argument concerned, where there is one." })
	readonly setting?: sdk.EncodeSettingName;

	@Field(() => String, { description: "An explanation for people." })
	readonly message!: string;
}

@ObjectType({
	description:
		"A model that turns a picture into text: a De-Diffusion encoder, or a captioner of a plugin to compare it with.",
})
export class Encoder {
	@Field(() => ID, { description: "Stable id, as arguments take it." })
	readonly id!: string;

	@Field(() => String, { description: "Name for people." })
	readonly name!: string;

	@Field(() => Lane, { description: "Where its work happens." })
	readonly lane!: sdk.Lane;

	@Field(() => [EncodeSetting], { description: "Arguments that it honours; any other one is answered with a warning." })
	readonly settings!: readonly sdk.EncodeSettingName[];

	@Field(() => Boolean, { description: "Whether equal pictures have equal texts." })
	readonly deterministic!: boolean;

	@Field(() => Int, {
		nullable: true,
		description:
			"Pictures are resized to this many pixels on each side before they are encoded; null where any size is taken.",
	})
	readonly imageSize?: number;

	@Field(() => Int, {
		nullable: true,
		description:
			"How many tokens it gives for a picture, a captioner at most; the largest length that can be asked for. Null when unknown.",
	})
	readonly tokens?: number;

	@Field(() => Int, { nullable: true, description: "How many different tokens it chooses from; null when unknown." })
	readonly vocabulary?: number;

	@Field(() => ID, {
		nullable: true,
		description: "Id of the decoder that it was trained through; null for a captioner.",
	})
	readonly decoder?: string;

	@Field(() => Device, { nullable: true, description: "Where it runs; null for an encoder of a plugin." })
	readonly device?: Device;

	@Field(() => CallLimits, {
		nullable: true,
		description: "How hard the server drives it; null for an encoder that runs in the server and has no limits.",
	})
	readonly limits?: CallLimits;

	@Field(() => Health, {
		nullable: true,
		description: "Asks it whether it could write now, which may reach a service; null with an error when asking fails.",
	})
	readonly health?: Health | null;
}
