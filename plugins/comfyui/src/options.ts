/**
 * What a user may configure: the server, the workflow, and where in it a request's settings go.
 *
 * @module
 */
import { z } from "zod";

const id = z
	.string()
	.regex(/^[a-z0-9][a-z0-9._/-]*$/, "an id is made of lower-case letters, digits, '-', '_', '.' and '/'");
const place = z.string().regex(/^[^.]+\..+$/);
const places = z.union([place.transform((one) => [one]), z.array(place).nonempty()], {
	error: "an input is named by its node's id and its own name, e.g. 6.text",
});
const side = z.int().min(16);

export const options = z
	.strictObject({
		/** The decoder's id in the API. */
		id: id.default("comfyui"),
		/** For people; default: the id. */
		name: z.string().min(1).optional(),
		/** Where ComfyUI is. */
		url: z.url({ protocol: /^https?$/ }).default("http://127.0.0.1:8188"),
		/** Environment variable that holds the header `Authorization` for a proxy before ComfyUI, e.g. `Basic …`. */
		authorizationVariable: z.string().min(1).default("COMFYUI_AUTHORIZATION"),
		/** The workflow in API format, or the path of its file. */
		workflow: z.union([z.string().min(1), z.record(z.string(), z.json())]),
		/** Where a request's settings go: one input of a node, e.g. `3.seed`, or several. What is missing stays as it is. */
		inputs: z.strictObject({
			prompt: places,
			negativePrompt: places.optional(),
			seed: places.optional(),
			steps: places.optional(),
			guidanceScale: places.optional(),
			width: places.optional(),
			height: places.optional(),
			/** E.g. `3.sampler_name`. */
			scheduler: places.optional(),
			batchSize: places.optional(),
		}),
		/** The node whose pictures are the result. Default: the only one that saves or shows pictures. */
		output: z.string().min(1).optional(),
		/** What a request may put into the input `scheduler`. */
		schedulers: z.array(z.string().min(1)).default([]),
		/** What the workflow draws, in pixels, where no input says so. */
		width: side.optional(),
		height: side.optional(),
		/** Largest side, in pixels. */
		maxSize: side.default(2048),
		/** Width and height are multiples of this many pixels. */
		multipleOf: z.int().min(1).default(8),
		/** Most pictures of one run. All of a run have one seed, so with more than one a picture has none of its own. */
		maxImages: z.int().min(1).max(64).default(1),
		/** Whether equal requests give equal pictures. Default: whether each picture has a seed. */
		deterministic: z.boolean().optional(),
		/** Whether a node of the workflow may change the text, as those with a language model do. */
		rewritesPrompt: z.boolean().default(false),
		/** `raw` lets weights and embeddings in texts work; `escape` takes them for words. */
		promptSyntax: z.enum(["escape", "raw"]).default("escape"),
	})
	.refine(({ inputs, maxImages }) => maxImages === 1 || inputs.batchSize !== undefined, {
		path: ["maxImages"],
		error: "several pictures need inputs.batchSize",
	})
	.refine(({ inputs, schedulers }) => (inputs.scheduler !== undefined) === schedulers.length > 0, {
		path: ["schedulers"],
		error: "inputs.scheduler and schedulers go together",
	});

export type Options = z.output<typeof options>;

/** A setting that has its place in the workflow. */
export type InputName = keyof Options["inputs"];
