/**
 * Follows a run over the WebSocket, until ComfyUI is done with it.
 *
 * @module
 */
import { type DecodeProgress, DeDiffusionError, type ServiceSocket } from "dediffusion/plugin";
import { eventIn, pictureIn } from "./messages.ts";
import type { RunEvent } from "./wire.ts";
import type { Workflow } from "./workflow.ts";

export interface FollowOptions {
	/** The run's id. */
	readonly run: string;
	readonly workflow: Workflow;
	readonly onProgress: (progress: DecodeProgress) => void;
	/** Whether frames are of the one picture that is drawn; of several they show the first. */
	readonly showsPreviews: boolean;
}

/**
 * Gives the pictures that the output node sent over the socket, in order; most nodes save theirs instead.
 *
 * @throws DeDiffusionError `BACKEND_UNAVAILABLE` if a node fails, somebody interrupts the run, or the connection breaks;
 * `BACKEND_PROTOCOL` for messages of another form; `ABORTED` or `BACKEND_TIMEOUT` by the socket's signal.
 */
export async function follow(socket: ServiceSocket, options: FollowOptions): Promise<readonly Uint8Array[]> {
	const observer = new Observer(options);
	for await (const message of socket) {
		if (typeof message === "string") {
			observer.hear(eventIn(message));
		} else {
			observer.see(pictureIn(message));
		}
		if (observer.isDone) {
			return observer.pictures;
		}
	}
	throw new DeDiffusionError("BACKEND_UNAVAILABLE", "ComfyUI closed the connection before it was done.");
}

/** Where a run is. */
class Observer {
	readonly pictures: Uint8Array[] = [];
	isDone = false;
	readonly #options: FollowOptions;
	/** Nodes that have run, or need not because their results are known. */
	readonly #finished = new Set<string>();
	#current: string | undefined;
	/** How far the current node is, from 0 to 1. */
	#within = 0;
	#furthest = 0;

	constructor(options: FollowOptions) {
		this.#options = options;
	}

	/** @throws DeDiffusionError If the run has failed. */
	hear(event: RunEvent | undefined): void {
		const { run, workflow } = this.#options;
		if (event === undefined || ("prompt_id" in event.data && (event.data.prompt_id ?? run) !== run)) {
			return;
		}
		switch (event.type) {
			case "status":
				if (this.#current === undefined) {
					this.#report({ message: `${event.data.status.exec_info.queue_remaining} in the queue` });
				}
				break;
			case "execution_cached":
				for (const node of event.data.nodes) this.#finished.add(node);
				break;
			case "executing":
				this.#begin(event.data.node);
				break;
			case "progress": {
				const { value, max } = event.data;
				this.#within = max > 0 ? value / max : 0;
				this.#report({ message: `${workflow.nameOf(this.#current ?? "")}, step ${value} of ${max}` });
				break;
			}
			case "execution_error":
				throw failureOfNode(event.data, workflow);
			case "execution_interrupted":
				throw interrupted();
		}
	}

	see(picture: Uint8Array | undefined): void {
		const { workflow, showsPreviews } = this.#options;
		if (picture === undefined) {
			return;
		}
		if (this.#current === workflow.output) {
			this.pictures.push(picture);
		} else if (showsPreviews) {
			this.#report({ preview: { kind: "encoded", bytes: picture } });
		}
	}

	#begin(node: string | null): void {
		if (this.#current !== undefined) {
			this.#finished.add(this.#current);
		}
		this.#current = node ?? undefined;
		this.#within = 0;
		this.isDone = node === null;
		if (node !== null) {
			this.#report({ message: this.#options.workflow.nameOf(node) });
		}
	}

	#report(news: Omit<DecodeProgress, "fraction">): void {
		const { workflow, onProgress } = this.#options;
		const total = Object.keys(workflow.nodes).length;
		// A node that expands into others, or begins anew, takes nothing back.
		this.#furthest = Math.max(this.#furthest, Math.min((this.#finished.size + this.#within) / total, 1));
		onProgress({ fraction: this.#furthest, ...news });
	}
}

type NodeFailure = Extract<RunEvent, { type: "execution_error" }>["data"];

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
