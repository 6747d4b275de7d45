/**
 * A workflow as a decoder.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import {
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecoderCapabilities,
	type DecodeWarning,
	DeDiffusionError,
	type GenerateContext,
	type PluginHost,
	type SettingName,
} from "dediffusion/plugin";
import { follow } from "./follow.ts";
import type { Options } from "./options.ts";
import { escaped, withoutEmbeddings } from "./prompt.ts";
import { openService, type Service } from "./service.ts";
import type { Run } from "./wire.ts";
import type { Nodes, Workflow } from "./workflow.ts";

/** Milliseconds for ComfyUI to stop; the host waits no longer. */
const farewellMs = 1000;

export function createDecoder(options: Options, workflow: Workflow, host: PluginHost): Decoder {
	const service = openService(options, workflow, host);
	return {
		id: options.id,
		name: options.name ?? options.id,
		lane: "network",
		capabilities: capabilitiesOf(options, workflow),
		// It draws one after another, whoever asks.
		limits: { concurrency: 1, timeoutMs: 600_000 },
		async generate(requests, context) {
			const [first] = requests;
			if (first === undefined) {
				return [];
			}
			const nodes = workflow.filled(valuesFor(options, first, requests.length));
			const files = await run(service, workflow, nodes, requests.length, context);
			const { effectivePrompt, warnings } = effectOf(options, first);
			return requests.map(({ seed }, index): DecodeResult => {
				const image = { kind: "encoded", bytes: files[index] as Uint8Array } as const;
				return { status: "done", seed, effectivePrompt, warnings, image };
			});
		},
		health: (signal) => service.check(signal),
	};
}

function capabilitiesOf(options: Options, workflow: Workflow): DecoderCapabilities {
	const { inputs, maxImages, maxSize, multipleOf } = options;
	const candidates = ["seed", "steps", "guidanceScale", "negativePrompt", "width", "height", "scheduler"] as const;
	// All pictures of one run have one seed.
	const settings: SettingName[] = candidates.filter(
		(name) => inputs[name] !== undefined && (name !== "seed" || maxImages === 1),
	);
	const steps = workflow.numberAt("steps");
	const guidanceScale = workflow.numberAt("guidanceScale");
	const scheduler = workflow.textAt("scheduler");
	const schedulers = scheduler === undefined ? options.schedulers : [...new Set([scheduler, ...options.schedulers])];
	return {
		settings,
		deterministic: options.deterministic ?? maxImages === 1,
		maxBatch: maxImages,
		batches: "alike",
		schedulers,
		size: { min: Math.ceil(16 / multipleOf) * multipleOf, max: maxSize, multipleOf },
		rewritesPrompt: options.rewritesPrompt,
		defaults: {
			width: workflow.numberAt("width") ?? options.width ?? 512,
			height: workflow.numberAt("height") ?? options.height ?? 512,
			...(steps !== undefined && { steps }),
			...(guidanceScale !== undefined && { guidanceScale }),
			...(scheduler !== undefined && { scheduler }),
		},
	};
}

function valuesFor({ promptSyntax }: Options, request: DecodeRequest, batchSize: number) {
	const { prompt, negativePrompt, initialLatents: _, ...settings } = request;
	const written = (text: string) => (promptSyntax === "raw" ? text : escaped(text));
	return {
		...settings,
		prompt: written(prompt),
		negativePrompt: negativePrompt === undefined ? undefined : written(negativePrompt),
		batchSize,
	};
}

function effectOf({ promptSyntax }: Options, { prompt }: DecodeRequest) {
	const effectivePrompt = promptSyntax === "raw" ? prompt : withoutEmbeddings(prompt);
	const changed: DecodeWarning = {
		type: "adjusted",
		setting: "prompt",
		message: "A space keeps embedding: from being read as the name of a file.",
	};
	return { effectivePrompt, warnings: effectivePrompt === prompt ? [] : [changed] };
}

/** The files of one run's pictures. */
async function run(
	service: Service,
	workflow: Workflow,
	nodes: Nodes,
	count: number,
	{ signal, onProgress }: GenerateContext,
): Promise<readonly Uint8Array[]> {
	// A client of its own for each run, so that it hears of no other.
	const client = randomUUID();
	const socket = await service.listen(client, signal);
	try {
		const id = await service.queue(nodes, client, signal);
		const { sent, finished } = await outcomeOf(service, id, signal, () =>
			follow(socket, { run: id, workflow, onProgress, showsPreviews: count === 1 }),
		);
		const saved = finished?.outputs[workflow.output]?.images ?? [];
		const files = saved.length > 0 ? await Promise.all(saved.map((file) => service.file(file, signal))) : sent;
		if (files.length !== count) {
			throw new DeDiffusionError(
				"BACKEND_PROTOCOL",
				`The output, ${workflow.nameOf(workflow.output)}, gave ${files.length} pictures where ${count} were wanted.`,
				{ advice: "Let the workflow draw one picture, or name its batch size in inputs.batchSize." },
			);
		}
		return files;
	} catch (error) {
		// Whatever went wrong, nobody waits for the run any more; if ComfyUI cannot be told, that is no news to anybody.
		await service.stop(client, AbortSignal.timeout(farewellMs)).catch(() => undefined);
		throw error;
	} finally {
		socket.close();
	}
}

/** What a run gave, also where the connection broke just when it was done. */
async function outcomeOf(
	service: Service,
	id: string,
	signal: AbortSignal,
	followed: () => Promise<readonly Uint8Array[]>,
): Promise<{ sent: readonly Uint8Array[]; finished: Run | undefined }> {
	try {
		const sent = await followed();
		return { sent, finished: await service.runOf(id, signal) };
	} catch (error) {
		const isBroken = DeDiffusionError.is(error) && error.code === "BACKEND_UNAVAILABLE" && error.retryable;
		const finished = isBroken ? await service.runOf(id, signal).catch(() => undefined) : undefined;
		if (finished === undefined || finished.status?.status_str === "error") {
			throw error;
		}
		return { sent: [], finished };
	}
}
