/**
 * onnxruntime in the calling thread, behind the SDK's interface: enough to test a decoder without a host.
 *
 * @module
 */
import {
	DeDiffusionError,
	type Inference,
	type InferenceSession,
	type Loop,
	type LoopOptions,
	type Tensor,
	type TensorArrays,
	type TensorSignature,
	type TensorType,
} from "dediffusion/plugin";
import * as ort from "onnxruntime-node";

/** An inference on the CPU. Runs block the thread; each closes over its own session. */
export function createTestInference(): Inference {
	return {
		async open(path) {
			const session = await ort.InferenceSession.create(path, {
				executionProviders: ["cpu"],
				intraOpNumThreads: 1,
			}).catch((cause: unknown) => {
				throw new DeDiffusionError("MODEL_INVALID", `The graph ${path} cannot be opened`, { input: path, cause });
			});
			const run: InferenceSession["run"] = async (inputs, options) => {
				if (options?.signal?.aborted) throw new DeDiffusionError("ABORTED", "The run was cancelled.");
				const feeds = Object.entries(inputs).map(([name, tensor]) => [name, toOrt(tensor)] as const);
				try {
					const outputs = await session.run(Object.fromEntries(feeds));
					return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, fromOrt(value)]));
				} catch (cause) {
					throw new DeDiffusionError("INFERENCE_FAILED", `The graph ${path} failed`, { input: path, cause });
				}
			};
			return {
				inputs: session.inputMetadata.map(signatureOf),
				outputs: session.outputMetadata.map(signatureOf),
				device: { provider: "cpu", skipped: [] },
				run,
				loop: loopOver(run),
				close: () => session.release(),
			};
		},
	};
}

/** The same, of which somebody is told what each run is given, when it has begun. */
export function watchedInference(onRun: (inputs: Readonly<Record<string, Tensor>>) => void): Inference {
	const inner = createTestInference();
	return {
		async open(path) {
			const session = await inner.open(path);
			const run: InferenceSession["run"] = (inputs, options) => {
				const running = session.run(inputs, options);
				onRun(inputs);
				return running;
			};
			return { ...session, run, loop: loopOver(run) };
		},
	};
}

/** Loops that make their runs so. Input, output and reports are copies, as they are where a thread lies between. */
export function loopOver(run: InferenceSession["run"]): InferenceSession["loop"] {
	return async <Input, Output, Report>(module: URL, input: Input, options: LoopOptions<Report> = {}) => {
		const { default: body } = (await import(module.href)) as { default: Loop<Input, Output, Report> };
		const signal = options.signal ?? new AbortController().signal;
		const report = (told: Report) => options.onReport?.(structuredClone(told));
		return structuredClone(await body(run, structuredClone(input), { signal, report }));
	};
}

function signatureOf(metadata: ort.InferenceSession.ValueMetadata): TensorSignature {
	if (!metadata.isTensor) throw new DeDiffusionError("MODEL_INVALID", `${metadata.name} is no tensor`);
	return { name: metadata.name, type: metadata.type as TensorType, dims: metadata.shape };
}

function toOrt({ type, data, dims }: Tensor): ort.Tensor {
	const tensor = new ort.Tensor(type, data as TensorArrays["float32"], [...dims]);
	// The runtime's JavaScript half makes a Float16Array of the bits, in which its native half finds nothing (1.30.0).
	return type === "float16" ? Object.assign(tensor, { cpuData: data }) : tensor;
}

function fromOrt(value: ort.Tensor): Tensor {
	const view = value.data as Float32Array;
	const type = value.type as TensorType;
	const data = type === "float16" ? new Uint16Array(view.buffer, view.byteOffset, view.length) : view;
	return { type, dims: value.dims, data } as Tensor;
}
