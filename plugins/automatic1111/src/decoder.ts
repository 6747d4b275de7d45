/**
 * The web UI as a decoder.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
	bytesOfBase64,
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecoderCapabilities,
	type DecodeWarning,
	DeDiffusionError,
	type GenerateContext,
	type PluginHost,
} from "dediffusion/plugin";
import type { Options } from "./options.ts";
import { escaped, hasComments } from "./prompt.ts";
import { openService, type Service } from "./service.ts";
import type { DrawnAnswer } from "./wire.ts";

/** Milliseconds for the web UI to stop; the host waits no longer. */
const farewellMs = 1000;

export function createDecoder(options: Options, host: PluginHost): Decoder {
	const service = openService(options, host);

	async function drawTogether(
		requests: readonly DecodeRequest[],
		{ signal, onProgress }: GenerateContext,
	): Promise<DecodeResult[]> {
		const [first] = requests as [DecodeRequest];
		const task = `dediffusion-${randomUUID()}`;
		const body = await bodyFor(options, service, first, signal);
		const finished = new AbortController();
		const watched = watch(service, task, options, {
			signal: AbortSignal.any([signal, finished.signal]),
			onProgress,
		});
		try {
			const answer = await service.draw({ ...body, batch_size: requests.length, force_task_id: task }, signal);
			await refuseHalfDrawn(service, signal);
			return resultsOf(requests, body, answer);
		} catch (error) {
			if (signal.aborted) {
				// Nobody waits any more; if the web UI cannot be told, that is no news to anybody.
				await service.stop(task, AbortSignal.timeout(farewellMs)).catch(() => undefined);
			}
			throw error;
		} finally {
			finished.abort();
			await watched;
		}
	}

	return {
		id: options.id,
		name: options.name ?? options.id,
		lane: "network",
		capabilities: capabilitiesOf(options),
		// It draws one after another, whoever asks.
		limits: { concurrency: 1, timeoutMs: 600_000 },
		async generate(requests, { signal, onProgress }) {
			const results: DecodeResult[] = [];
			for (const group of consecutive(requests)) {
				const share = group.length / requests.length;
				const before = results.length / requests.length;
				const drawn = await drawTogether(group, {
					signal,
					onProgress: (now) => onProgress({ ...now, fraction: before + now.fraction * share }),
				});
				results.push(...drawn);
			}
			return results;
		},
		async health(signal) {
			await service.check(options.samplers[0], signal);
			if (options.checkpoint !== undefined) {
				await service.titleOf(options.checkpoint, signal);
			}
		},
	};
}

function capabilitiesOf({ samplers, steps, guidanceScale, width, height, ...options }: Options): DecoderCapabilities {
	return {
		settings: ["seed", "steps", "guidanceScale", "negativePrompt", "width", "height", "scheduler"],
		deterministic: options.deterministic,
		maxBatch: options.maxImages,
		batches: "alike",
		schedulers: samplers,
		size: { min: 64, max: options.maxSize, multipleOf: 8 },
		rewritesPrompt: false,
		defaults: { steps, guidanceScale, width, height, scheduler: samplers[0] },
	};
}

/** Groups of requests whose seeds follow each other: the web UI counts on from one seed inside of a batch. */
function consecutive(requests: readonly DecodeRequest[]): DecodeRequest[][] {
	const groups: DecodeRequest[][] = [];
	for (const request of requests) {
		const group = groups.at(-1);
		if (group?.at(-1)?.seed === request.seed - 1) {
			group?.push(request);
		} else {
			groups.push([request]);
		}
	}
	return groups;
}

type Body = Awaited<ReturnType<typeof bodyFor>>;

async function bodyFor(options: Options, service: Service, request: DecodeRequest, signal: AbortSignal) {
	const written = options.promptSyntax === "raw" ? (text: string) => text : escaped;
	const prompt = written(request.prompt);
	const negative = request.negativePrompt ?? "";
	return {
		prompt,
		negative_prompt: written(negative),
		seed: request.seed,
		steps: request.steps ?? options.steps,
		cfg_scale: request.guidanceScale ?? options.guidanceScale,
		width: request.width ?? options.width,
		height: request.height ?? options.height,
		sampler_name: request.scheduler ?? options.samplers[0],
		n_iter: 1,
		...options.parameters,
		override_settings: {
			...(options.checkpoint !== undefined && {
				sd_model_checkpoint: await service.titleOf(options.checkpoint, signal),
			}),
			...(options.promptSyntax === "escape" && (await plainText(service, [request.prompt, negative], signal))),
			...options.overrideSettings,
		},
	};
}

/** Settings without which the web UI would hide comments, or show backslashes to the model. Asked for where it matters. */
async function plainText(service: Service, texts: readonly string[], signal: AbortSignal): Promise<object> {
	if (!texts.some((text) => hasComments(text) || escaped(text) !== text)) {
		return {};
	}
	const { enable_prompt_comments: hidesComments, emphasis } = await service.options(signal);
	return {
		...(hidesComments && { enable_prompt_comments: false }),
		...(emphasis === "None" && { emphasis: "Original" }),
	};
}

/** Reports how far the web UI is until the signal is aborted; never throws. */
async function watch(
	service: Service,
	task: string,
	{ pollMs, previews, maxImages }: Options,
	{ signal, onProgress }: GenerateContext,
): Promise<void> {
	// Of a batch it shows a contact sheet.
	const withPreview = previews && maxImages === 1;
	let furthest = 0;
	while (!signal.aborted) {
		try {
			await pause(pollMs, undefined, { signal });
			const { isActive, isQueued, fraction, message, preview } = await service.stateOf(task, withPreview, signal);
			if (isActive || isQueued) {
				furthest = Math.max(furthest, Math.min(fraction, 1));
				onProgress({
					fraction: furthest,
					...(message !== undefined && { message }),
					...(preview !== undefined && { preview: { kind: "encoded", bytes: preview } }),
				});
			}
		} catch {
			// What is wrong with the service, its main answer says.
		}
	}
}

/** @throws DeDiffusionError If somebody pressed Interrupt or Skip: the answer looks like any other. */
async function refuseHalfDrawn(service: Service, signal: AbortSignal): Promise<void> {
	const wasStopped = await service.wasStopped(signal).catch((error: unknown) => {
		if (signal.aborted) {
			throw error;
		}
		// Servers that only draw cannot be stopped either.
		return false;
	});
	if (wasStopped) {
		throw new DeDiffusionError("BACKEND_UNAVAILABLE", "Somebody stopped the picture at the web UI.", {
			retryable: false,
			advice: "Start it again if it is still wanted.",
		});
	}
}

/** @throws DeDiffusionError `BACKEND_PROTOCOL` if there are fewer pictures than wanted. */
function resultsOf(requests: readonly DecodeRequest[], body: Body, { images, info }: DrawnAnswer): DecodeResult[] {
	const { all_seeds: seeds, all_prompts: prompts, index_of_first_image: start } = info;
	// What follows the pictures are maps of extensions.
	const files = images.slice(start, start + requests.length);
	const hasExtras = images.length > requests.length && seeds?.length !== requests.length;
	if (files.length < requests.length || hasExtras) {
		throw new DeDiffusionError(
			"BACKEND_PROTOCOL",
			`The backend gave ${images.length - start} pictures where ${requests.length} were wanted.`,
		);
	}
	return requests.map(({ prompt, seed: wanted }, index) => {
		const seed = seeds?.[index] ?? wanted;
		const drawn = prompts?.[index] ?? body.prompt;
		const isVerbatim = drawn.trim() === body.prompt.trim();
		const warnings: DecodeWarning[] = [];
		if (seed !== wanted) {
			warnings.push({ type: "adjusted", setting: "seed", message: `The web UI drew seed ${seed} for ${wanted}.` });
		}
		if (!isVerbatim) {
			const message = "A style, an extension or a setting of the web UI changed the text.";
			warnings.push({ type: "adjusted", setting: "prompt", message });
		}
		// A sampler that it does not know it replaces; names may end with a schedule, which it tells apart.
		if (info.sampler_name && !body.sampler_name.startsWith(info.sampler_name)) {
			const message = `The web UI has no sampler ${body.sampler_name} and took ${info.sampler_name}.`;
			warnings.push({ type: "adjusted", setting: "scheduler", message });
		}
		const image = { kind: "encoded", bytes: bytesOfBase64(files[index] as string) } as const;
		return { status: "done", seed, effectivePrompt: isVerbatim ? prompt : drawn, warnings, image };
	});
}
