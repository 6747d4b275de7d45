/**
 * What the host lends to plugins that run ONNX graphs: sessions that live in worker threads.
 *
 * @module
 */

/** ONNX element types that cross the thread boundary, each with the array that holds it; float16 as its raw bits. */
export interface TensorArrays {
	float32: Float32Array;
	float16: Uint16Array;
	int64: BigInt64Array;
	int32: Int32Array;
	uint8: Uint8Array;
	bool: Uint8Array;
}

export type TensorType = keyof TensorArrays;

/** A dense row-major tensor; `dims` of `[]` is a scalar. */
export type Tensor = {
	[Type in TensorType]: { readonly type: Type; readonly dims: readonly number[]; readonly data: TensorArrays[Type] };
}[TensorType];

/** One input or output of a graph, as its file declares it. */
export interface TensorSignature {
	readonly name: string;
	readonly type: TensorType;
	/** Known sizes as numbers, free ones as their symbolic name. */
	readonly dims: readonly (number | string)[];
}

/** An execution provider of onnxruntime. */
export type ExecutionProvider = "cuda" | "webgpu" | "cpu";

/** Which provider a session got, and why each better one was passed over. */
export interface DeviceReport {
	readonly provider: ExecutionProvider;
	readonly skipped: readonly { readonly provider: ExecutionProvider; readonly reason: string }[];
}

export interface RunOptions {
	/** Checked before the run starts; a run that has started cannot be stopped by the runtime. */
	readonly signal?: AbortSignal;
	/** Moves the inputs' buffers to the worker instead of copying them; the caller must not use them again. */
	readonly transfer?: boolean;
}

/** An open graph. Cheap to hold: the host may unload its weights and load them again when memory is short. */
export interface InferenceSession {
	readonly inputs: readonly TensorSignature[];
	readonly outputs: readonly TensorSignature[];
	readonly device: DeviceReport;
	/**
	 * Runs the graph once.
	 *
	 * @throws DeDiffusionError `INFERENCE_FAILED`, `WORKER_CRASHED`, `OUT_OF_MEMORY` or `ABORTED`.
	 */
	run(inputs: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>;
	/** Gives the weights back. Later runs are refused. */
	close(): Promise<void>;
}

export interface OpenOptions {
	/** Providers to try, best first; default: what the host was configured with. */
	readonly providers?: readonly ExecutionProvider[];
}

/** Opens ONNX graphs on worker threads. */
export interface Inference {
	/**
	 * @param path Absolute path of an `.onnx` file; external data beside it is found by the runtime.
	 * @throws DeDiffusionError `MODEL_INVALID` if the file is missing or no graph.
	 */
	open(path: string, options?: OpenOptions): Promise<InferenceSession>;
}
