/**
 * The pool: which graph lives on which thread, and which weights stay loaded.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { dirname, join } from "node:path";
import {
	DeDiffusionError,
	type ExecutionProvider,
	type Inference,
	type InferenceSession,
	type LoopOptions,
	type RunOptions,
	readGraphWeights,
	type Tensor,
} from "../../plugins/index.ts";
import { defaultProviders } from "./ladder.ts";
import type { Loaded } from "./protocol.ts";
import { InferenceThread, RuntimeFailure } from "./thread.ts";

export interface InferenceOptions {
	/** Worker threads. Default 1: one run uses all cores already. */
	readonly workers?: number | undefined;
	/** Threads inside one run. Default: the number of cores. */
	readonly threads?: number | undefined;
	/** Bytes of weights that may stay loaded. Default: half of the machine's memory. */
	readonly memoryBudget?: number | undefined;
	/** Providers to try, best first. Default: cuda, webgpu, cpu. */
	readonly providers?: readonly ExecutionProvider[] | undefined;
	/** The worker's script; default: ours. */
	readonly script?: URL | undefined;
}

/** Counters since the pool was made, for benchmarks and tests. */
export interface InferenceStats {
	readonly runs: number;
	/** Time inside the runtime, summed over runs, in milliseconds. */
	readonly runMs: number;
	readonly loads: number;
	readonly unloads: number;
	/** Estimated bytes of weights loaded now. */
	readonly loadedBytes: number;
}

export interface InferencePool extends Inference {
	stats(): InferenceStats;
	/** Ends all threads. Later and unfinished runs fail with `ABORTED`. */
	close(): Promise<void>;
}

/** Float16 storage grows to float32 when the runtime folds the casts. */
const growthOfWeights = 2;

interface Model {
	readonly number: number;
	readonly path: string;
	readonly providers: readonly ExecutionProvider[];
	readonly thread: InferenceThread;
	/** Estimate of the loaded size. */
	readonly bytes: number;
	holders: number;
	/** Runs that wait or run: weights in use are never unloaded. */
	users: number;
	lastUse: number;
	loaded: { readonly generation: number; readonly about: Loaded } | undefined;
	loading: Promise<Loaded> | undefined;
}

export function createInference(options: InferenceOptions = {}): InferencePool {
	return new Pool(options);
}

class Pool implements InferencePool {
	readonly #threads: readonly InferenceThread[];
	readonly #models = new Map<string, Model>();
	readonly #options: InferenceOptions;
	readonly #budget: number;
	readonly #counters = { runs: 0, runMs: 0, loads: 0, unloads: 0 };
	#clock = 0;
	#loadQueue: Promise<unknown> = Promise.resolve();
	#onIdle: (() => void)[] = [];

	constructor(options: InferenceOptions) {
		this.#options = options;
		this.#budget = options.memoryBudget ?? totalmem() / 2;
		this.#threads = Array.from({ length: options.workers ?? 1 }, () => new InferenceThread(options.script));
	}

	async open(
		path: string,
		{ providers = this.#options.providers ?? defaultProviders }: { providers?: readonly ExecutionProvider[] } = {},
	): Promise<InferenceSession> {
		const model = await this.#modelAt(path, providers);
		model.holders++;
		try {
			const { inputs, outputs, device } = await this.#use(model, () => this.#load(model));
			return this.#sessionOf(model, { inputs, outputs, device });
		} catch (error) {
			this.#release(model);
			throw error;
		}
	}

	stats(): InferenceStats {
		return { ...this.#counters, loadedBytes: this.#loadedBytes() };
	}

	async close(): Promise<void> {
		await Promise.all(this.#threads.map((thread) => thread.close()));
		this.#models.clear();
	}

	#sessionOf(model: Model, about: Loaded): InferenceSession {
		let closed = false;
		const use = async <Result>(action: () => Promise<Result>) => {
			if (closed) {
				throw new DeDiffusionError("INFERENCE_FAILED", `${model.path} was closed.`);
			}
			return this.#use(model, action);
		};
		return {
			...about,
			run: (inputs, options) => use(() => this.#run(model, inputs, options)),
			loop: <Input, Output, Report>(module: URL, input: Input, options?: LoopOptions<Report>) =>
				use(() => this.#loop<Output, Report>(model, module, input, options)),
			close: async () => {
				if (!closed) {
					closed = true;
					await this.#release(model);
				}
			},
		};
	}

	async #modelAt(path: string, providers: readonly ExecutionProvider[]): Promise<Model> {
		const key = JSON.stringify([path, providers]);
		const bytes = await weightBytes(path);
		const known = this.#models.get(key);
		if (known !== undefined) {
			return known;
		}
		const model: Model = {
			number: this.#models.size === 0 ? 0 : Math.max(...[...this.#models.values()].map(({ number }) => number)) + 1,
			path,
			providers,
			thread: this.#leastLoadedThread(),
			bytes,
			holders: 0,
			users: 0,
			lastUse: 0,
			loaded: undefined,
			loading: undefined,
		};
		this.#models.set(key, model);
		return model;
	}

	#leastLoadedThread(): InferenceThread {
		const weight = (thread: InferenceThread) =>
			[...this.#models.values()].reduce((sum, model) => sum + (model.thread === thread ? model.bytes : 0), 0);
		return this.#threads.reduce((best, thread) => (weight(thread) < weight(best) ? thread : best));
	}

	/** Marks a model as in use while an action lasts. */
	async #use<Result>(model: Model, action: () => Promise<Result>): Promise<Result> {
		model.users++;
		try {
			return await action();
		} catch (error) {
			throw typed(error, "INFERENCE_FAILED", model.path);
		} finally {
			model.users--;
			model.lastUse = this.#clock++;
			for (const wake of this.#onIdle.splice(0)) {
				wake();
			}
		}
	}

	async #run(
		model: Model,
		inputs: Readonly<Record<string, Tensor>>,
		{ signal, transfer }: RunOptions = {},
	): Promise<Record<string, Tensor>> {
		await this.#load(model);
		const buffers = transfer ? [...new Set(Object.values(inputs).map(({ data }) => data.buffer as ArrayBuffer))] : [];
		const { outputs, durationMs } = await model.thread.ask(
			{ kind: "run", model: model.number, inputs },
			{ signal, transfer: buffers },
		);
		this.#counters.runs++;
		this.#counters.runMs += durationMs;
		return outputs;
	}

	async #loop<Output, Report>(
		model: Model,
		module: URL,
		input: unknown,
		{ signal, onReport }: LoopOptions<Report> = {},
	): Promise<Output> {
		await this.#load(model);
		const { output, runs, durationMs } = await model.thread.ask(
			{ kind: "loop", model: model.number, module: module.href, input },
			// What crosses threads has no type; module and caller agree on it.
			{ signal, onReport: onReport as ((report: unknown) => void) | undefined },
		);
		this.#counters.runs += runs;
		this.#counters.runMs += durationMs;
		return output as Output;
	}

	/** Loads the weights unless they are there; concurrent callers wait for the same load. */
	async #load(model: Model): Promise<Loaded> {
		if (model.loaded?.generation === model.thread.generation) {
			return model.loaded.about;
		}
		model.loading ??= this.#loadInTurn(model).finally(() => {
			model.loading = undefined;
		});
		return model.loading;
	}

	/** One load after another, so that two of them cannot both take the last free bytes. */
	#loadInTurn(model: Model): Promise<Loaded> {
		const turn = this.#loadQueue.then(async () => {
			await this.#makeRoomFor(model);
			const { number, path, providers, thread } = model;
			const threads = this.#options.threads ?? availableParallelism();
			const about = await thread
				.ask({ kind: "load", model: number, path, providers, threads })
				.catch((error) => Promise.reject(typed(error, "MODEL_INVALID", path)));
			model.loaded = { generation: thread.generation, about };
			this.#counters.loads++;
			return about;
		});
		this.#loadQueue = turn.catch(() => undefined);
		return turn;
	}

	async #makeRoomFor(model: Model): Promise<void> {
		if (model.bytes > this.#budget) {
			throw new DeDiffusionError(
				"OUT_OF_MEMORY",
				`${model.path} needs about ${model.bytes} bytes, more than the budget of ${this.#budget}.`,
				{ input: model.path, advice: "Raise inference.memoryBudget in the configuration, or use a smaller model." },
			);
		}
		while (this.#loadedBytes() + model.bytes > this.#budget) {
			const idle = this.#loadedModels().filter(({ users }) => users === 0);
			const oldest = idle.sort((a, b) => a.lastUse - b.lastUse)[0];
			if (oldest === undefined) {
				await new Promise<void>((resolve) => this.#onIdle.push(resolve));
			} else {
				await this.#unload(oldest);
			}
		}
	}

	async #unload(model: Model): Promise<void> {
		const wasLoaded = model.loaded?.generation === model.thread.generation;
		model.loaded = undefined;
		if (wasLoaded) {
			this.#counters.unloads++;
			await model.thread.ask({ kind: "unload", model: model.number });
		}
	}

	async #release(model: Model): Promise<void> {
		model.holders--;
		if (model.holders === 0) {
			this.#models.delete(JSON.stringify([model.path, model.providers]));
			await this.#unload(model).catch(() => undefined);
		}
	}

	#loadedModels(): Model[] {
		return [...this.#models.values()].filter(({ loaded, thread }) => loaded?.generation === thread.generation);
	}

	#loadedBytes(): number {
		return this.#loadedModels().reduce((sum, { bytes }) => sum + bytes, 0);
	}
}

async function weightBytes(path: string): Promise<number> {
	try {
		const graph = await stat(path);
		// What is no graph is the runtime's to refuse, with its own reason.
		const { files } = await readGraphWeights(path).catch(() => ({ files: [] }));
		const beside = await Promise.all(files.map((file) => stat(join(dirname(path), file)).catch(() => ({ size: 0 }))));
		return beside.reduce((sum, { size }) => sum + size, graph.size) * growthOfWeights;
	} catch (cause) {
		throw new DeDiffusionError("MODEL_INVALID", `There is no model file at ${path}.`, { input: path, cause });
	}
}

function typed(error: unknown, code: "INFERENCE_FAILED" | "MODEL_INVALID", path: string): unknown {
	if (!(error instanceof RuntimeFailure)) {
		return error;
	}
	if (/bad_alloc|out of memory|failed to allocate/i.test(error.message)) {
		return new DeDiffusionError("OUT_OF_MEMORY", `There is not enough memory for ${path}.`, {
			input: path,
			cause: error,
		});
	}
	return new DeDiffusionError(code, `The runtime refused ${path}: ${error.message}`, { input: path, cause: error });
}
