/**
 * What the service answers: only the fields that are read.
 *
 * @module
 */
import { z } from "zod";

const count = z.int().min(0);

export const completionAnswer = z.object({
	choices: z.array(
		z.object({
			message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
			finish_reason: z.string().nullish(),
		}),
	),
	usage: z.object({ prompt_tokens: count, completion_tokens: count }).nullish(),
});

export const errorAnswer = z.object({
	error: z.object({
		code: z.union([z.string(), z.number()]).nullish(),
		type: z.string().nullish(),
		message: z.string().nullish(),
	}),
});
