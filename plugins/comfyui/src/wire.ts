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

const failure = z.object({
	node_id: z.union([z.string(), z.number()]).transform(String),
	exception_message: z.string().default(""),
	exception_type: z.string().default(""),
});

export type NodeFailure = z.output<typeof failure>;

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

/** A message of the WebSocket. */
export const message = z.object({ type: z.string(), data: z.unknown().optional() });

/** The messages that tell how far a run is. */
export const data = {
	status: z.object({ status: z.object({ exec_info: z.object({ queue_remaining: z.number() }) }) }),
	execution_cached: z.object({ nodes: z.array(z.string()) }),
	executing: z.object({ node: z.string().nullable() }),
	progress: z.object({ value: z.number(), max: z.number(), node: z.string().nullish() }),
	execution_error: failure,
} as const;

/** Whose run a message is about; those about the queue are about none. */
export const concerned = z.looseObject({ prompt_id: z.string().nullish() });
