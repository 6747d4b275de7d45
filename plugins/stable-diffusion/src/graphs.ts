/**
 * The graphs of a pipeline, each opened when it is first needed and shared from then on.
 *
 * @module
 */
import { access } from "node:fs/promises";
import { DeDiffusionError, type ExecutionProvider, type Inference, type InferenceSession } from "dediffusion/plugin";
import type { GraphName, ModelFolder } from "./model-folder.ts";

export class Graphs {
	readonly #paths: ModelFolder["graphs"];
	readonly #inference: Inference;
	readonly #providers: readonly ExecutionProvider[] | undefined;
	readonly #opened = new Map<GraphName, Promise<InferenceSession>>();
	#closed = false;

	constructor(paths: ModelFolder["graphs"], inference: Inference, providers: readonly ExecutionProvider[] | undefined) {
		this.#paths = paths;
		this.#inference = inference;
		this.#providers = providers;
	}

	/** The absolute path of a graph's file, for errors. */
	path(name: GraphName): string {
		// A pipeline's code asks only for graphs that its folder was found to have.
		return this.#paths.get(name) as string;
	}

	/** The open session of a graph. A failed opening is forgotten, so that a repaired file works without a restart. */
	open(name: GraphName): Promise<InferenceSession> {
		if (this.#closed) return Promise.reject(new DeDiffusionError("SHUTTING_DOWN", "The decoder has been closed."));
		const known = this.#opened.get(name);
		if (known) return known;
		const opening = this.#inference.open(this.path(name), this.#providers ? { providers: this.#providers } : undefined);
		this.#opened.set(name, opening);
		opening.catch(() => this.#opened.delete(name));
		return opening;
	}

	/** Resolves if every file is there. @throws DeDiffusionError `MODEL_INVALID` naming the first that is not. */
	async check(): Promise<void> {
		for (const path of this.#paths.values()) {
			await access(path).catch((cause: unknown) => {
				throw new DeDiffusionError("MODEL_INVALID", `The model file ${path} cannot be used: the file is missing`, {
					input: path,
					cause,
				});
			});
		}
	}

	/** Closes what was opened; later calls of `open` are refused. */
	async close(): Promise<void> {
		this.#closed = true;
		const sessions = await Promise.allSettled(this.#opened.values());
		this.#opened.clear();
		await Promise.all(sessions.map((session) => (session.status === "fulfilled" ? session.value.close() : undefined)));
	}
}
