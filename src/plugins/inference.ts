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

/** What a loop is lent beside its input. */
export interface LoopContext<Report> {
	/** Aborted when nobody waits any more. Throw its reason between runs. */
	readonly signal: AbortSignal;
	/** Tells the caller how far the loop is, without waiting for an answer. Of many in a short time, some are left out. */
	readonly report: (report: Report) => void;
}

/**
 * The default export of a loop's module. It sees one graph and its input, nothing else of the caller's: input, output
 * and reports cross threads as copies (structured clone).
 */
export type Loop<Input, Output, Report = never> = (
	run: (inputs: Readonly<Record<string, Tensor>>) => Promise<Record<string, Tensor>>,
	input: Input,
	context: LoopContext<Report>,
) => Promise<Output>;

export interface LoopOptions<Report> {
	readonly signal?: AbortSignal;
	/** Called for the loop's reports, in order: at most ten a second, and always for the last. */
	readonly onReport?: (report: Report) => void;
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
	/**
	 * Runs the graph many times in a row, where each run's inputs follow from the outputs before. The loop itself is
	 * carried out on the graph's thread, so that no run waits for a trip to this one and back.
	 *
	 * @param module Where the loop's module is; its default export is a {@link Loop}.
	 * @throws What the loop threw, if that is a DeDiffusionError; else as `run` does.
	 */
	loop<Input, Output, Report = never>(module: URL, input: Input, options?: LoopOptions<Report>): Promise<Output>;
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
