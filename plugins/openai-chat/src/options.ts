/**
 * What a user may configure: the service, and its models.
 *
 * @module
 */
import { z } from "zod";

const id = z
	.string()
	.regex(/^[a-z0-9][a-z0-9._/-]*$/, "an id is made of lower-case letters, digits, '-', '_', '.' and '/'");

const shared = {
	/** The id in the API. */
	id,
	/** For people; default: the id. */
	name: z.string().min(1).optional(),
	/** As the service calls it. */
	model: z.string().min(1),
	/** Most tokens of an answer where nobody asks for another number. Default: as the service decides. */
	maxTokens: z.int().positive().optional(),
	/** What the service calls that number: `max_completion_tokens` for OpenAI's own newer models. */
	maxTokensField: z.enum(["max_tokens", "max_completion_tokens"]).default("max_tokens"),
	/** Whether equal requests have equal answers at temperature 0: true of many local servers, not of OpenAI's own. */
	deterministic: z.boolean().default(false),
	/** Sent as they are beside all others, e.g. `{ reasoning_effort: "none" }`. */
	parameters: z.record(z.string(), z.json()).default({}),
};

const languageModel = z.strictObject({
	...shared,
	/** Fields that the service takes. OpenAI's reasoning models take no temperature. */
	settings: z.array(z.enum(["seed", "temperature", "maxTokens"])).default(["seed", "temperature", "maxTokens"]),
	/** Most tokens that it reads; default: unknown. */
	maxInputTokens: z.int().positive().optional(),
});

const captioner = z.strictObject({
	...shared,
	/** What it is asked of each picture. */
	instruction: z
		.string()
		.min(1)
		.default("Describe this picture in one sentence, so that a painter could paint it. Give the sentence alone."),
	/** From 0 to 2; null for services that take none. Above 0 the seed counts. */
	temperature: z.number().min(0).max(2).nullable().default(0),
	/** Longest side in pixels of what is sent; a larger picture is made smaller. */
	maxSide: z.int().min(16).default(1024),
});

export const options = z
	.strictObject({
		/** All that comes before `/chat/completions`. */
		url: z.url({ protocol: /^https?$/ }).default("https://api.openai.com/v1"),
		/** Environment variable of the key, sent as `Authorization: Bearer`. Nothing is sent where it is empty. */
		keyVariable: z.string().min(1).default("OPENAI_API_KEY"),
		languageModels: z.array(languageModel).default([]),
		/** Models that see pictures. */
		captioners: z.array(captioner).default([]),
	})
	.refine(({ languageModels, captioners }) => languageModels.length + captioners.length > 0, {
		error: "name a model under languageModels or captioners",
	});

export type Options = z.output<typeof options>;
export type LanguageModelOptions = z.output<typeof languageModel>;
export type CaptionerOptions = z.output<typeof captioner>;
