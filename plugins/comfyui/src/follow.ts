/**
 * Follows a run over the WebSocket, until ComfyUI is done with it.
 *
 * @module
 */
import { type DecodeProgress, DeDiffusionError, type ServiceSocket } from "dediffusion/plugin";
import type { z } from "zod";
import { concerned, data, message, type NodeFailure } from "./wire.ts";
import type { Workflow } from "./workflow.ts";

export interface FollowOptions {
	/** The run's id. */
	readonly run: string;
	readonly workflow: Workflow;
	readonly onProgress: (progress: DecodeProgress) => void;
	/** Whether frames are of one picture; of several they show the first. */
	readonly showsPreviews: boolean;
}

/** Frames begin with the kind of event and the kind of picture, 4 bytes each. */
const frameHeader = 8;
const previewEvent = 1;

/**
 * Gives the pictures that the output node sent over the socket, in order; most nodes save theirs instead.
 *
 * @throws DeDiffusionError `BACKEND_UNAVAILABLE` if a node fails, somebody interrupts the run, or the connection breaks;
 * `BACKEND_PROTOCOL` for messages of another form; `ABORTED` or `BACKEND_TIMEOUT` by the socket's signal.
 */
export async function follow(socket: ServiceSocket, options: FollowOptions): Promise<Uint8Array[]> {
	const { run, workflow, onProgress, showsPreviews } = options;
	const pictures: Uint8Array[] = [];
	const done = new Set<string>();
	let current: string | undefined;
	let within = 0;
	let furthest = 0;

	const report = (more: Omit<DecodeProgress, "fraction"> = {}) => {
		const total = Object.keys(workflow.nodes).length;
		// A node that expands into others, or begins anew, takes nothing back.
		furthest = Math.max(furthest, Math.min((done.size + within) / total, 1));
		onProgress({ fraction: furthest, ...more });
	};
	const begin = (node: string | undefined) => {
		if (current !== undefined) done.add(current);
		current = node;
		within = 0;
	};

	for await (const sent of socket) {
		if (typeof sent !== "string") {
			const frame = pictureIn(sent);
			if (frame !== undefined && current === workflow.output) {
				pictures.push(frame);
			} else if (frame !== undefined && showsPreviews) {
				report({ preview: { kind: "encoded", bytes: frame } });
			}
			continue;
		}
		const { type, data: content } = read(message, jsonOf(sent), "message");
		// Those about the queue, and some of older servers, name no run.
		if ((concerned.safeParse(content).data?.prompt_id ?? run) === run) {
			switch (type) {
				case "status": {
					const { status } = read(data.status, content, type);
					if (current === undefined && done.size === 0) {
						report({ message: `${status.exec_info.queue_remaining} in the queue` });
					}
					break;
				}
				case "execution_cached":
					for (const node of read(data.execution_cached, content, type).nodes) done.add(node);
					break;
				case "executing": {
					const { node } = read(data.executing, content, type);
					begin(node ?? undefined);
					if (node === null) {
						return pictures;
					}
					report({ message: workflow.nameOf(node) });
					break;
				}
				case "progress": {
					const { value, max } = read(data.progress, content, type);
					within = max > 0 ? value / max : 0;
					report({ message: `${workflow.nameOf(current ?? "")}, step ${value} of ${max}` });
					break;
				}
				case "execution_error":
					throw failureOfNode(read(data.execution_error, content, type), workflow);
				case "execution_interrupted":
					throw interrupted();
			}
		}
	}
	throw new DeDiffusionError("BACKEND_UNAVAILABLE", "ComfyUI closed the connection before it was done.");
}

/** The picture of a binary message; undefined for one of another kind. */
function pictureIn(bytes: Uint8Array): Uint8Array | undefined {
	if (bytes.length <= frameHeader) {
		return undefined;
	}
	const event = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
	return event === previewEvent ? bytes.subarray(frameHeader) : undefined;
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new DeDiffusionError("BACKEND_PROTOCOL", "A message of ComfyUI is no JSON.");
	}
}

function read<Value>(schema: z.ZodType<Value>, value: unknown, what: string): Value {
	const { success, data: content, error } = schema.safeParse(value);
	if (!success) {
		const [issue] = error.issues;
		const place = issue?.path.length ? `${issue.path.join(".")}: ` : "";
		throw new DeDiffusionError("BACKEND_PROTOCOL", `ComfyUI's ${what} has another form: ${place}${issue?.message}`);
	}
	return content;
}

/** A node that failed; whether that may pass is not known but for memory, which others may give back. */
function failureOfNode(failure: NodeFailure, { nameOf }: Workflow): DeDiffusionError {
	const { node_id, exception_message, exception_type } = failure;
	const reason = [exception_type, exception_message.trim()].filter(Boolean).join(": ");
	return new DeDiffusionError("BACKEND_UNAVAILABLE", `The ${nameOf(node_id)} failed: ${reason}`, {
		retryable: /OutOfMemory/i.test(exception_type),
		advice: "Look into ComfyUI's log, or run the workflow in its page.",
	});
}

function interrupted(): DeDiffusionError {
	return new DeDiffusionError("BACKEND_UNAVAILABLE", "Somebody interrupted the picture in ComfyUI.", {
		retryable: false,
		advice: "Start it again if it is still wanted.",
	});
}
