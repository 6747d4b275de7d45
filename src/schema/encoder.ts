/**
 * Encoders in the API.
 *
 * @module
 */
import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import type * as sdk from "../plugins/index.ts";

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

@ObjectType({ description: "A model that turns a picture into De-Diffusion text." })
export class Encoder {
	@Field(() => ID, { description: "Stable id, as arguments take it." })
	readonly id!: string;

	@Field(() => String, { description: "Name for people." })
	readonly name!: string;

	@Field(() => Int, { description: "Pictures are resized to this many pixels on each side before they are encoded." })
	readonly imageSize!: number;

	@Field(() => Int, {
		description: "How many tokens it gives for a picture; the largest length that can be asked for.",
	})
	readonly tokens!: number;

	@Field(() => Int, { description: "How many different tokens it chooses from." })
	readonly vocabulary!: number;

	@Field(() => ID, { description: "Id of the decoder that it was trained through." })
	readonly decoder!: string;

	@Field(() => Device, { description: "Where it runs." })
	readonly device!: Device;
}
