/**
 * One worker thread: questions in order, one at a time; started when first needed and again after a crash.
 *
 * @module
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { DeDiffusionError } from "../../plugins/index.ts";
import type { Answers, Command, Reply, Request } from "./protocol.ts";

/** Sources run the worker's source, `dist` its compiled form. */
export const workerScript = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);

/** The runtime's own words, for the pool to turn into a typed error. */
export class RuntimeFailure extends Error {
	override readonly name = "RuntimeFailure";
}

interface Waiting {
	readonly command: Command;
	readonly transfer: readonly ArrayBuffer[];
	readonly signal: AbortSignal | undefined;
	readonly onReport: ((report: unknown) => void) | undefined;
	readonly resolve: (answer: never) => void;
	readonly reject: (error: unknown) => void;
}

export interface AskOptions {
	/** Takes a command that has not been sent yet out of the queue; tells a loop that runs to stop. */
	readonly signal?: AbortSignal | undefined;
	/** Hears what a loop reports. */
	readonly onReport?: ((report: unknown) => void) | undefined;
	readonly transfer?: readonly ArrayBuffer[] | undefined;
}

export class InferenceThread {
	/** Counts deaths, so that a holder can tell that what it had loaded is gone. */
	generation = 0;
	readonly #script: URL;
	#queue: Waiting[] = [];
	#current: (Waiting & { readonly id: number }) | undefined;
	#worker: Worker | undefined;
	#nextId = 0;
	#closed = false;
	#onSilent: (() => void) | undefined;

	constructor(script: URL = workerScript) {
		this.#script = script;
	}

	/** How many commands wait or run. */
	get load(): number {
		return this.#queue.length + (this.#current === undefined ? 0 : 1);
	}

	/**
	 * Sends a command when all earlier ones are answered.
	 *
	 * @throws RuntimeFailure, or DeDiffusionError: `WORKER_CRASHED`, `ABORTED`, or what a loop threw.
	 */
	ask<Kind extends keyof Answers>(
		command: Extract<Command, { kind: Kind }>,
		{ signal, onReport, transfer = [] }: AskOptions = {},
	): Promise<Answers[Kind]> {
		if (this.#closed) {
			return Promise.reject(aborted("The models are closed."));
		}
		const stop = () => {
			this.#dropAborted();
			this.#stopLoop();
		};
		signal?.addEventListener("abort", stop, { once: true });
		const answer = new Promise<Answers[Kind]>((resolve, reject) => {
			this.#queue.push({ command, transfer, signal, onReport, resolve, reject });
			this.#sendNext();
		});
		// A signal may outlive many questions.
		return answer.finally(() => signal?.removeEventListener("abort", stop));
	}

	/** Gives up what runs and what waits with `ABORTED`, and ends the thread once it is through with its run. */
	async close(): Promise<void> {
		this.#closed = true;
		this.#rejectWaiting(
			() => true,
			() => aborted("The models are being closed."),
		);
		this.#current?.reject(aborted("The models were closed during the run."));
		this.#stopLoop({ always: true });
		await this.#untilSilent();
		await this.#worker?.terminate();
	}

	/** The runtime takes the whole process down with it when its thread is ended in the middle of a run. */
	#untilSilent(): Promise<void> {
		return new Promise((resolve) => {
			this.#onSilent = resolve;
			this.#noteSilence();
		});
	}

	#noteSilence(): void {
		if (this.#current === undefined) {
			this.#onSilent?.();
		}
	}

	#sendNext(): void {
		this.#dropAborted();
		const next = this.#current === undefined ? this.#queue.shift() : undefined;
		if (next === undefined) {
			return;
		}
		this.#worker ??= this.#start();
		this.#worker.ref();
		const id = this.#nextId++;
		this.#current = { ...next, id };
		try {
			this.#worker.postMessage({ id, command: next.command } satisfies Request, [...next.transfer]);
		} catch (error) {
			// It never left, e.g. because a buffer was handed over before.
			this.#settle({ id, error: error instanceof Error ? error.message : String(error) });
		}
	}

	#stopLoop({ always = false } = {}): void {
		const current = this.#current;
		if (current?.command.kind === "loop" && (always || current.signal?.aborted)) {
			this.#worker?.postMessage({ id: current.id, abort: true } satisfies Request);
		}
	}

	#dropAborted(): void {
		this.#rejectWaiting(
			({ signal }) => signal?.aborted === true,
			() => aborted("The run was cancelled before it started."),
		);
	}

	#rejectWaiting(isMeant: (waiting: Waiting) => boolean, reason: () => DeDiffusionError): void {
		const { meant = [], others = [] } = Object.groupBy(this.#queue, (waiting) =>
			isMeant(waiting) ? "meant" : "others",
		);
		this.#queue = others;
		for (const { reject } of meant) {
			reject(reason());
		}
	}

	#start(): Worker {
		// No options of the parent, such as a test runner's loaders, reach the worker.
		const worker = new Worker(this.#script, { execArgv: [] });
		let failure: unknown;
		worker.on("message", (reply: Reply) => this.#settle(reply));
		worker.on("error", (error) => {
			failure = error;
		});
		worker.on("exit", (code) => this.#onExit(worker, failure ?? new Error(`The thread ended with code ${code}.`)));
		return worker;
	}

	#settle(reply: Reply): void {
		const current = this.#current;
		if (current === undefined || current.id !== reply.id) {
			return;
		}
		if ("report" in reply) {
			current.onReport?.(reply.report);
			return;
		}
		this.#current = undefined;
		this.#noteSilence();
		if ("error" in reply) {
			current.reject(new RuntimeFailure(reply.error));
		} else if ("refusal" in reply) {
			const { code, message, ...options } = reply.refusal;
			current.reject(new DeDiffusionError(code, message, options));
		} else {
			current.resolve(reply.answer as never);
		}
		// An idle thread does not keep the process alive.
		if (this.#queue.length === 0) {
			this.#worker?.unref();
		}
		this.#sendNext();
	}

	#onExit(worker: Worker, cause: unknown): void {
		if (this.#worker !== worker) {
			return;
		}
		this.#worker = undefined;
		this.generation++;
		const current = this.#current;
		this.#current = undefined;
		this.#noteSilence();
		if (this.#closed) {
			return;
		}
		const crash = new DeDiffusionError("WORKER_CRASHED", "The thread that ran the model died.", { cause });
		current?.reject(crash);
		// These count on graphs that died with the thread; a load starts anew.
		this.#rejectWaiting(
			({ command }) => command.kind === "run" || command.kind === "loop",
			() => crash,
		);
		this.#sendNext();
	}
}

function aborted(message: string): DeDiffusionError {
	return new DeDiffusionError("ABORTED", message);
}
