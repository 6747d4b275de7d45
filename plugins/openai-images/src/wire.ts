/**
 * What the service answers: only what is used of it.
 *
 * @module
 */
import { z } from "zod";

export const imagesAnswer = z.object({
	data: z.array(
		z.object({
			b64_json: z.string().nullish(),
			url: z.string().nullish(),
			revised_prompt: z.string().nullish(),
		}),
	),
});

export type AnsweredImage = z.output<typeof imagesAnswer>["data"][number];

export const errorAnswer = z.object({
	error: z.object({
		code: z.union([z.string(), z.number()]).nullish(),
		type: z.string().nullish(),
		message: z.string().nullish(),
	}),
});
