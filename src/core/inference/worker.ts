/**
 * The thread that owns ONNX sessions. `run()` of onnxruntime-node blocks its thread, so it happens here and nowhere else.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import * as ort from "onnxruntime-node";
import { DeDiffusionError } from "../../plugins/errors.ts";
import type { Loop, Tensor, TensorSignature, TensorType } from "../../plugins/index.ts";
import { requireDevice } from "./devices.ts";
import { climbDown } from "./ladder.ts";
import type { Answers, Command, Loaded, Looped, Ran, Refusal, Reply, Request } from "./protocol.ts";

/** Milliseconds; people see no more, and waking whoever listens takes a good part of what a small graph's run does. */
const betweenReports = 100;

const sessions = new Map<number, ort.InferenceSession>();
type AnyLoop = Loop<unknown, unknown, unknown>;

/** By their modules' addresses: Node looks at the disk at each import, also of what it has. */
const loops = new Map<string, AnyLoop>();
/** The loop that runs, if one does: commands come one at a time. */
let running: { readonly id: number; readonly controller: AbortController } | undefined;

const port = parentPort;
if (port === null) {
	throw new Error("This module runs in a worker thread.");
}

port.on("message", async (request: Request) => {
	const { id } = request;
	if ("abort" in request) {
		if (running?.id === id) {
			running.controller.abort(new DeDiffusionError("ABORTED", "The loop was cancelled."));
		}
		return;
	}
	try {
		const answer = await obey(request.command, id);
		send({ id, answer }, answer !== null && "outputs" in answer && "durationMs" in answer ? buffersOf(answer) : []);
	} catch (error) {
		send(
			DeDiffusionError.is(error)
				? { id, refusal: refusalOf(error) }
				: { id, error: error instanceof Error ? error.message : String(error) },
		);
	}
});

function send(reply: Reply, transfer: ArrayBuffer[] = []): void {
	port?.postMessage(reply, transfer);
}

function refusalOf({ code, message, input, advice, retryable }: DeDiffusionError): Refusal {
	return { code, message, advice, retryable, ...(input === undefined ? {} : { input }) };
}

async function obey(command: Command, id: number): Promise<Answers[keyof Answers]> {
	switch (command.kind) {
		case "load":
			return load(command);
		case "run":
			return run(command);
		case "loop":
			return loop(command, id);
		case "unload":
			await sessions.get(command.model)?.release();
			sessions.delete(command.model);
			return null;
	}
}

async function load({ model, path, providers, threads }: Extract<Command, { kind: "load" }>): Promise<Loaded> {
	const available = ort.listSupportedBackends().map(({ name }) => name);
	const { result: session, device } = await climbDown(providers, available, async (provider) => {
		requireDevice(provider);
		return ort.InferenceSession.create(path, {
			executionProviders: [provider],
			intraOpNumThreads: threads,
			interOpNumThreads: 1,
			// Threads that spin wake up faster, several hundred times in a run. Between runs they would take the cores from
			// everything else: decoding pictures, HTTP, other models.
			extra: { session: { intra_op: { allow_spinning: "1" }, force_spinning_stop: "1" } },
			// Errors come back as exceptions; warnings on standard error would reach a person who cannot act on them.
			logSeverityLevel: 3,
		});
	});
	sessions.set(model, session);
	return { inputs: signatures(session.inputMetadata), outputs: signatures(session.outputMetadata), device };
}

function signatures(metadata: readonly ort.InferenceSession.ValueMetadata[]): TensorSignature[] {
	return metadata.map((value) => {
		if (!value.isTensor) {
			throw new Error(`The value ${value.name} is no tensor.`);
		}
		return { name: value.name, type: value.type as TensorType, dims: value.shape };
	});
}

async function run({ model, inputs }: Extract<Command, { kind: "run" }>): Promise<Ran> {
	const session = sessions.get(model);
	if (session === undefined) {
		throw new Error("The graph is not loaded.");
	}
	const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, fromTensor(tensor)]));
	const start = performance.now();
	const results = await session.run(feeds);
	const durationMs = performance.now() - start;
	return {
		outputs: Object.fromEntries(Object.entries(results).map(([name, value]) => [name, toTensor(value)])),
		durationMs,
	};
}

async function loop({ model, module, input }: Extract<Command, { kind: "loop" }>, id: number): Promise<Looped> {
	const controller = new AbortController();
	// Before anything is waited for: it may be given up while its module is still being read.
	running = { id, controller };
	const reporter = createReporter((report) => send({ id, report }));
	let runs = 0;
	let durationMs = 0;
	try {
		const body = loops.get(module) ?? ((await import(module)) as { default: AnyLoop }).default;
		loops.set(module, body);
		const output = await body(
			async (inputs) => {
				const ran = await run({ kind: "run", model, inputs });
				runs++;
				durationMs += ran.durationMs;
				return ran.outputs;
			},
			input,
			{ signal: controller.signal, report: reporter.report },
		);
		reporter.flush();
		return { output, runs, durationMs };
	} finally {
		running = undefined;
	}
}

function fromTensor({ type, data, dims }: Tensor): ort.Tensor {
	// The runtime's overloads want each type apart; the SDK's Tensor has paired them already.
	const tensor = new ort.Tensor(type as "float32", data as Float32Array, dims);
	// Its JavaScript half makes a Float16Array of the bits, in which its native half finds nothing (1.30.0, Node 24).
	return type === "float16" ? Object.assign(tensor, { cpuData: data }) : tensor;
}

/** Passes reports on, at most one in {@link betweenReports}, and the last one at the end. */
function createReporter(pass: (report: unknown) => void) {
	let passed = Number.NEGATIVE_INFINITY;
	let waiting: { readonly report: unknown } | undefined;
	return {
		report(report: unknown): void {
			const now = performance.now();
			waiting = now - passed < betweenReports ? { report } : undefined;
			if (waiting === undefined) {
				passed = now;
				pass(report);
			}
		},
		flush(): void {
			if (waiting !== undefined) pass(waiting.report);
		},
	};
}

function toTensor({ type, dims, data }: ort.Tensor): Tensor {
	const bits =
		type === "float16" && ArrayBuffer.isView(data)
			? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
			: data;
	return { type, dims, data: bits } as Tensor;
}

/** Buffers that can be handed over; views on a larger buffer are copied, because the rest of it belongs to others. */
function buffersOf({ outputs }: Ran): ArrayBuffer[] {
	const whole = Object.values(outputs).filter(
		({ data }) => data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength,
	);
	return [...new Set(whole.map(({ data }) => data.buffer as ArrayBuffer))];
}
