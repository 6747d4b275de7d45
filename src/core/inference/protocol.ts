/**
 * What the pool and its worker threads say to each other.
 *
 * @module
 */
import type { DeviceReport, ExecutionProvider, Tensor, TensorSignature } from "../../plugins/index.ts";

export type Command =
	| {
			readonly kind: "load";
			readonly model: number;
			readonly path: string;
			readonly providers: readonly ExecutionProvider[];
			readonly threads: number;
	  }
	| { readonly kind: "run"; readonly model: number; readonly inputs: Readonly<Record<string, Tensor>> }
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

export interface Answers {
	load: Loaded;
	run: Ran;
	unload: null;
}

export interface Request {
	readonly id: number;
	readonly command: Command;
}

export type Reply =
	| { readonly id: number; readonly answer: Answers[keyof Answers] }
	| { readonly id: number; readonly error: string };
