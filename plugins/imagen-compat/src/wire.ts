/**
 * What the services answer: only what is used of it.
 *
 * @module
 */
import { z } from "zod";

const warning = z.object({
	type: z.enum(["unsupported", "adjusted", "truncated", "other"]),
	setting: z
		.enum(["seed", "steps", "guidanceScale", "negativePrompt", "width", "height", "scheduler", "prompt"])
		.optional(),
	message: z.string(),
});

/** One slot of `:predict`'s answer: a picture, a reason, or what was found in the prompt. */
export const prediction = z.object({
	bytesBase64Encoded: z.string().optional(),
	gcsUri: z.string().optional(),
	/** The text as the server rewrote it. */
	prompt: z.string().optional(),
	raiFilteredReason: z.string().optional(),
	contentType: z.string().optional(),
	/** Of De-Diffusion servers. */
	warnings: z.array(warning).optional(),
});

export type Prediction = z.output<typeof prediction>;

/** An answer in which everything was filtered may have no list at all. */
export const predictAnswer = z.object({ predictions: z.array(prediction).default([]) });

export const contentAnswer = z.object({
	candidates: z
		.array(
			z.object({
				content: z
					.object({
						parts: z
							.array(
								z.object({
									text: z.string().optional(),
									inlineData: z.object({ data: z.string() }).optional(),
									/** Sketches that the model drew for itself. */
									thought: z.boolean().optional(),
								}),
							)
							.default([]),
					})
					.optional(),
				finishReason: z.string().optional(),
				finishMessage: z.string().optional(),
			}),
		)
		.default([]),
	promptFeedback: z
		.object({ blockReason: z.string().optional(), blockReasonMessage: z.string().optional() })
		.optional(),
});

export type ContentAnswer = z.output<typeof contentAnswer>;

/** Google's errors, with the details that say more than the status. */
export const errorAnswer = z.object({
	error: z.object({
		details: z.array(z.object({ reason: z.string().optional(), retryDelay: z.string().optional() })).default([]),
	}),
});
