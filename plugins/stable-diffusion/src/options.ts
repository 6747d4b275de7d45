/**
 * What a user may configure: the pipeline folders, and what is used where a request is silent.
 *
 * @module
 */
import { z } from "zod";
import { schedulerNames } from "./schedulers/known.ts";

const model = z.strictObject({
	/** The decoder's id in the API. */
	id: z.string().regex(/^[a-z0-9][a-z0-9._/-]*$/, "an id is made of lower-case letters, digits, '-', '_', '.' and '/'"),
	/** The exported pipeline: the folder that holds `model_index.json`; relative to the configuration file. */
	folder: z.string().min(1, "name the folder that holds model_index.json"),
	/** For people; default: the id. */
	name: z.string().min(1).optional(),
	/** Execution providers to try, best first; default: the host's own. */
	providers: z
		.array(z.enum(["cuda", "webgpu", "cpu"]))
		.min(1, "name at least one provider, or leave providers out")
		.optional(),
	/** Used where a request names none; default: the folder's own. */
	scheduler: z.enum(schedulerNames).optional(),
	/** Used where a request names none; default 25, or 4 for latent consistency models. */
	steps: z.int().min(1).max(1000).optional(),
	/** Used where a request names none; default 7.5, 5 for SDXL and 8.5 for latent consistency models. */
	guidanceScale: z.number().min(0).max(50).optional(),
	/** How far guided predictions are brought back to their usual deviation, 0 to 1 (arXiv:2305.08891); default 0. */
	guidanceRescale: z.number().min(0).max(1).default(0),
	/**
	 * The part of the way on which there is guidance, as shares of it: `[0, 0.5]` leaves the second half of the steps
	 * unguided, and each of those runs the U-Net on half of the batch (arXiv:2404.07724); default `[0, 1]`, all of it.
	 */
	guidanceInterval: z
		.tuple([z.number().min(0).max(1), z.number().min(0).max(1)])
		.refine(([from, to]) => from <= to, "an interval ends where it begins or later")
		.default([0, 1]),
	/**
	 * How many of the text encoders' last layers to leave out, for SDXL beyond the one that it always leaves out; default 0.
	 * The graphs must give their layers' outputs, as SDXL's do.
	 */
	clipSkip: z.int().min(0).max(30).default(0),
	/** Shows the picture after every so many steps, at the cost of decoding it; default: never. */
	previewEvery: z.int().min(1).optional(),
});

/** One pipeline folder as a decoder, with what is used where a request is silent. */
export type ModelOptions = z.output<typeof model>;

/** The plugin's options. */
export const options = z.strictObject({
	models: z
		.array(model)
		.min(1, "list at least one model")
		.refine((models) => new Set(models.map(({ id }) => id)).size === models.length, "two models have the same id"),
});
