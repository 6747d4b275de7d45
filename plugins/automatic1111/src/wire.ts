/**
 * What the web UI answers: only what is used of it.
 *
 * @module
 */
import { z } from "zod";

/** JSON inside of JSON; empty for servers that speak the API and have nothing to say. */
const nested = z.string().transform((text, context): unknown => {
	try {
		return text.trim() === "" ? {} : JSON.parse(text);
	} catch {
		context.addIssue("it is no JSON");
		return z.NEVER;
	}
});

export const drawnAnswer = z.object({
	images: z.array(z.string()),
	info: nested.pipe(
		z.object({
			all_seeds: z.array(z.int()).optional(),
			all_prompts: z.array(z.string()).optional(),
			sampler_name: z.string().nullish(),
			/** 1 where a contact sheet stands before the pictures. */
			index_of_first_image: z.int().min(0).default(0),
		}),
	),
});

export type DrawnAnswer = z.output<typeof drawnAnswer>;

/** `/internal/progress`: of one task. */
export const taskAnswer = z.object({
	active: z.boolean(),
	queued: z.boolean(),
	progress: z.number().nullish(),
	textinfo: z.string().nullish(),
	/** A data URL. */
	live_preview: z.string().nullish(),
	id_live_preview: z.int().nullish(),
});

/** `/sdapi/v1/progress`: of whatever is being drawn, for whomever. */
export const progressAnswer = z.object({
	progress: z.number(),
	state: z.object({
		interrupted: z.boolean().default(false),
		skipped: z.boolean().default(false),
		job_count: z.number().default(0),
		sampling_step: z.number().default(0),
		sampling_steps: z.number().default(0),
	}),
	current_image: z.string().nullish(),
});

export const checkpointsAnswer = z.array(
	z.object({
		title: z.string(),
		model_name: z.string().nullish(),
		hash: z.string().nullish(),
		sha256: z.string().nullish(),
		filename: z.string().nullish(),
	}),
);

export const samplersAnswer = z.array(z.object({ name: z.string(), aliases: z.array(z.string()).default([]) }));

export const optionsAnswer = z.object({
	/** Whether what stands behind `#` is hidden. Missing before release 1.8. */
	enable_prompt_comments: z.boolean().optional(),
	/** `None` if backslashes are words too. Missing before release 1.7. */
	emphasis: z.string().nullish(),
});

export const errorAnswer = z.object({
	error: z.string().nullish(),
	detail: z.unknown().optional(),
	errors: z.string().nullish(),
});
