/**
 * What a user may configure: the service, and where it deviates from OpenAI's own.
 *
 * @module
 */
import { z } from "zod";

const id = z
	.string()
	.regex(/^[a-z0-9][a-z0-9._/-]*$/, "an id is made of lower-case letters, digits, '-', '_', '.' and '/'");
const size = z.string().regex(/^\d+x\d+$/, "a size has the form 1024x1024");
const field = z.string().min(1);

export const options = z
	.strictObject({
		/** The decoder's id in the API. */
		id: id.default("openai-images"),
		/** For people; default: the id. */
		name: z.string().min(1).optional(),
		/** All that comes before `/images/generations`. */
		url: z.url({ protocol: /^https?$/ }).default("https://api.openai.com/v1"),
		/** Left out of requests where it is not given; some servers have one model only. */
		model: z.string().min(1).optional(),
		/** Environment variable of the key, sent as `Authorization: Bearer`. Nothing is sent where it is empty. */
		keyVariable: z.string().min(1).default("OPENAI_API_KEY"),
		/** Most pictures of one text that one request may ask for. */
		maxImages: z.int().min(1).max(10).default(1),
		/** Size where a request is silent. */
		size: size.default("1024x1024"),
		/** The only sizes that the model draws; the nearest is taken. Default: any. */
		sizes: z.array(size).nonempty().optional(),
		/** False for servers that do not take `size`. */
		sendsSize: z.boolean().default(true),
		/** How pictures come back; sent where it is given. OpenAI's own newer models refuse the field and answer in base64. */
		responseFormat: z.enum(["b64_json", "url"]).optional(),
		/** Whether the service may rewrite the text. Default: true for OpenAI's own. */
		rewritesPrompt: z.boolean().optional(),
		/** Whether equal requests with equal seeds give equal pictures. Default: whether a field for the seed is named. */
		deterministic: z.boolean().optional(),
		/** Names of the fields that the server takes though OpenAI's does not, e.g. `{ seed: "seed", steps: "step" }`. */
		fields: z
			.strictObject({
				seed: field.optional(),
				steps: field.optional(),
				guidanceScale: field.optional(),
				negativePrompt: field.optional(),
			})
			.default({}),
		/** Where the extra fields stand: in the body, or as JSON inside of the prompt, as stable-diffusion.cpp reads them. */
		fieldsIn: z.enum(["body", "prompt"]).default("body"),
		/** What separates text and negative text inside of the prompt, as LocalAI's `|` does. */
		negativePromptSeparator: z.string().min(1).optional(),
		/** Sent as they are beside all others, e.g. `{ quality: "high", background: "opaque" }`. */
		parameters: z.record(z.string(), z.json()).default({}),
	})
	.refine(
		({ fields, negativePromptSeparator }) =>
			fields.negativePrompt === undefined || negativePromptSeparator === undefined,
		{ path: ["negativePromptSeparator"], error: "the negative prompt has a field already" },
	);

export type Options = z.output<typeof options>;
