/**
 * What a user may configure.
 *
 * @module
 */
import { z } from "zod";

const id = z
	.string()
	.regex(/^[a-z0-9][a-z0-9._/-]*$/, "an id is made of lower-case letters, digits, '-', '_', '.' and '/'");
const url = z.url({ protocol: /^https?$/ });
const variable = z.string().min(1);

/** Gives a token that may change while the server runs, e.g. one of Google's that lives for an hour. */
const token = z.custom<() => string | Promise<string>>((value) => typeof value === "function", "Expected a function");

const shared = {
	/** For people; default: the id. */
	name: z.string().min(1).optional(),
	/** Environment variable of an API key, sent as `x-goog-api-key`. */
	keyVariable: variable.optional(),
	/** Environment variable of an access token, sent as `Authorization: Bearer`. */
	tokenVariable: variable.optional(),
	/** Asked for an access token before each request; instead of `tokenVariable`. */
	token: token.optional(),
	/** Sent as they are beside the other parameters, e.g. what a newer release of the API takes. */
	parameters: z.record(z.string(), z.json()).optional(),
};

/** A server that speaks Imagen's `:predict`. */
export const imagenOptions = z.strictObject({
	...shared,
	/** The decoder's id in the API. */
	id: id.default("imagen"),
	/** All that comes before `/models/`, e.g. `http://10.0.0.7:4000/v1`. */
	url,
	/** The model, or a De-Diffusion server's decoder. No default: hosted models come and go. */
	model: z.string().min(1),
	/**
	 * Which parameters the server takes: those of Vertex AI, the fewer ones of the Gemini API, or those of a De-Diffusion
	 * server, which knows `steps`, `scheduler`, `width` and `height` beside those of Vertex AI.
	 */
	flavour: z.enum(["vertex", "gemini", "dediffusion"]),
	/** Lets the server rewrite the text before it draws. Default false: what is compared should be what was written. */
	enhancePrompt: z.boolean().default(false),
	/** Picture size where a request is silent, in pixels. */
	width: z.int().positive().default(1024),
	height: z.int().positive().default(1024),
	safetySetting: z.string().optional(),
	personGeneration: z.string().optional(),
	language: z.string().optional(),
});

/** Gemini's picture models. */
export const geminiOptions = z.strictObject({
	...shared,
	/** The decoder's id in the API. */
	id: id.default("gemini-images"),
	url: url.default("https://generativelanguage.googleapis.com/v1beta"),
	/** E.g. `gemini-3.1-flash-image`. No default: hosted models come and go. */
	model: z.string().min(1),
	keyVariable: variable.default("GEMINI_API_KEY"),
	/** `1K`, `2K` or `4K`. */
	imageSize: z.string().optional(),
	/** Sent as they are, e.g. `[{ category, threshold }]`. */
	safetySettings: z.array(z.json()).optional(),
});

export type ImagenOptions = z.output<typeof imagenOptions>;
export type GeminiOptions = z.output<typeof geminiOptions>;
