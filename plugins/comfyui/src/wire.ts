/**
 * What ComfyUI says: only what is used of it.
 *
 * @module
 */
import { z } from "zod";

export const queuedAnswer = z.object({ prompt_id: z.string() });

/** Failures of single nodes, by their ids; an empty list where there is none. */
export const refusedAnswer = z.object({
	error: z
		.union([z.string(), z.object({ message: z.string().default(""), details: z.string().default("") })])
		.optional(),
	node_errors: z
		.union([
			z.record(
				z.string(),
				z.object({
					class_type: z.string().default(""),
					errors: z.array(z.object({ message: z.string(), details: z.string().default("") })),
				}),
			),
			z.array(z.unknown()).transform(() => ({})),
		])
		.default({}),
});

const picture = z.object({
	filename: z.string(),
	subfolder: z.string().default(""),
	type: z.string().default("output"),
});

export type PictureFile = z.output<typeof picture>;

/** Empty as long as the run is not finished. */
export const historyAnswer = z.record(
	z.string(),
	z.object({
		outputs: z.record(z.string(), z.looseObject({ images: z.array(picture).optional() })),
		/** `success` or `error`; older servers do not say. */
		status: z.object({ status_str: z.string() }).nullish(),
	}),
);

export type Run = z.output<typeof historyAnswer>[string];

/** Runs as `[number, id, nodes, extra data, …]`. */
const queued = z.array(
	z.tuple([z.unknown(), z.string(), z.unknown(), z.looseObject({ client_id: z.string().optional() })], z.unknown()),
);

export const queueAnswer = z.object({ queue_running: queued, queue_pending: queued });

/** Whose run a message is about; older servers do not always say. */
const ofRun = z.object({ prompt_id: z.string().nullish() });

/** The messages of the WebSocket that tell how far a run is. */
export const event = z.discriminatedUnion("type", [
	z.object({
		type: z.literal("status"),
		data: z.object({ status: z.object({ exec_info: z.object({ queue_remaining: z.number() }) }) }),
	}),
	z.object({ type: z.literal("execution_cached"), data: ofRun.extend({ nodes: z.array(z.string()) }) }),
	z.object({
		type: z.literal("executing"),
		/** No node once all is done, whether it failed or not. */
		data: ofRun.extend({ node: z.string().nullable() }),
	}),
	z.object({ type: z.literal("progress"), data: ofRun.extend({ value: z.number(), max: z.number() }) }),
	z.object({
		type: z.literal("execution_error"),
		data: ofRun.extend({
			node_id: z.union([z.string(), z.number()]).transform(String),
			exception_message: z.string().default(""),
			exception_type: z.string().default(""),
		}),
	}),
	z.object({ type: z.literal("execution_interrupted"), data: ofRun }),
]);

export type RunEvent = z.output<typeof event>;

/** Any message of the WebSocket; there are more than those above, and custom nodes add their own. */
export const message = z.looseObject({ type: z.string() });
