/**
 * What a user may configure: the model, and what it takes, which the AI SDK's models do not say of themselves.
 *
 * @module
 */
import type { ImageModelV2, ImageModelV3, ImageModelV4 } from "@ai-sdk/provider";
import { z } from "zod";

export type AiSdkImageModel = ImageModelV2 | ImageModelV3 | ImageModelV4;

/** A model, or what makes it around a `fetch`. */
export type ModelSource = AiSdkImageModel | ((fetch: typeof globalThis.fetch) => AiSdkImageModel);

export function isImageModel(value: unknown): value is AiSdkImageModel {
	const { specificationVersion, provider, modelId, doGenerate } = (value ?? {}) as Partial<AiSdkImageModel>;
	const isKnown = ["v2", "v3", "v4"].includes(specificationVersion ?? "");
	return isKnown && typeof provider === "string" && typeof modelId === "string" && typeof doGenerate === "function";
}

const id = z
	.string()
	.regex(/^[a-z0-9][a-z0-9._/-]*$/, "an id is made of lower-case letters, digits, '-', '_', '.' and '/'");
const field = z.string().regex(/^[^.]+\.[^.]+$/, "an option has the form provider.option, e.g. fal.guidanceScale");
const shape = z.string().regex(/^\d+[x:]\d+$/, "a size has the form 1024x1024, a ratio the form 4:3");

export const options = z.strictObject({
	model: z.custom<ModelSource>(
		(value) => isImageModel(value) || typeof value === "function",
		"Expected an image model of the AI SDK (specification version v2, v3 or v4), or a function that makes one",
	),
	/** The decoder's id in the API. Default: made of the model's provider and id, e.g. `openai/gpt-image-2`. */
	id: id.optional(),
	/** For people; default: the id. */
	name: z.string().min(1).optional(),
	/** The service's address, where it is on this machine or in a private network. For models made by a function. */
	url: z.url({ protocol: /^https?$/ }).optional(),
	/** Environment variable of the service's key: its value is blotted out of errors. The model itself was told the key. */
	keyVariable: z.string().min(1).optional(),
	/** Whether the model takes the AI SDK's `seed`. Default false: many do not, and nothing tells which. */
	seed: z.boolean().default(false),
	/** The provider's own names for what the AI SDK has no word for, e.g. `{ steps: "fal.numInferenceSteps" }`. */
	fields: z
		.strictObject({
			seed: field.optional(),
			steps: field.optional(),
			guidanceScale: field.optional(),
			negativePrompt: field.optional(),
		})
		.default({}),
	/** What the model takes of a picture's shape. */
	shape: z.enum(["size", "aspectRatio", "none"]).default("size"),
	/** The only sizes or ratios that the model draws; the nearest is taken. Default: any size, and Imagen's five ratios. */
	shapes: z.array(shape).nonempty().optional(),
	/** Picture size where a request is silent, in pixels. */
	width: z.int().positive().default(1024),
	height: z.int().positive().default(1024),
	/** Most pictures of one text that one call may ask for. Default: what the model says. */
	maxImages: z.int().positive().optional(),
	/** Whether the service may rewrite the text. Default true: nothing tells that it does not. */
	rewritesPrompt: z.boolean().default(true),
	/** Whether equal requests with equal seeds give equal pictures. Default: whether seeds are taken. */
	deterministic: z.boolean().optional(),
	/** Passed on as they are, e.g. `{ openai: { quality: "low" } }`. */
	providerOptions: z.record(z.string(), z.record(z.string(), z.json())).default({}),
});

export type Options = z.input<typeof options>;
export type Settings = z.output<typeof options>;
