/**
 * What the pool and its worker threads say to each other.
 *
 * @module
 */
import type {
	DeDiffusionErrorOptions,
	DeviceReport,
	ErrorCode,
	ExecutionProvider,
	Tensor,
	TensorSignature,
} from "../../plugins/index.ts";

export type Command =
	| {
			readonly kind: "load";
			readonly model: number;
			readonly path: string;
			readonly providers: readonly ExecutionProvider[];
			readonly threads: number;
	  }
	| { readonly kind: "run"; readonly model: number; readonly inputs: Readonly<Record<string, Tensor>> }
	| { readonly kind: "loop"; readonly model: number; readonly module: string; readonly input: unknown }
	| { readonly kind: "unload"; readonly model: number };

export interface Loaded {
	readonly inputs: readonly TensorSignature[];
	readonly outputs: readonly TensorSignature[];
	readonly device: DeviceReport;
}

export interface Ran {
	readonly outputs: Record<string, Tensor>;
	/** Time inside the runtime, in milliseconds. */
	readonly durationMs: number;
}

export interface Looped {
	readonly output: unknown;
	readonly runs: number;
	/** Time inside the runtime, summed over runs, in milliseconds. */
	readonly durationMs: number;
}

export interface Answers {
	load: Loaded;
	run: Ran;
	loop: Looped;
	unload: null;
}

export type Request =
	| { readonly id: number; readonly command: Command }
	/** Nobody waits for this loop any more. */
	| { readonly id: number; readonly abort: true };

/** A DeDiffusionError as it crosses threads, which keep no classes. */
export interface Refusal extends Pick<DeDiffusionErrorOptions, "input" | "advice" | "retryable"> {
	readonly code: ErrorCode;
	readonly message: string;
}

export type Reply =
	| { readonly id: number; readonly answer: Answers[keyof Answers] }
	/** The runtime's own words. */
	| { readonly id: number; readonly error: string }
	/** What a loop threw on purpose. */
	| { readonly id: number; readonly refusal: Refusal }
	/** A loop goes on. */
	| { readonly id: number; readonly report: unknown };
