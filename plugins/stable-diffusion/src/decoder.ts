/**
 * A pipeline folder as a decoder: plans the requests, walks each group from noise to latents, decodes the pictures.
 *
 * @module
 */
import type { DecodeResult, Decoder, DecoderCapabilities, GenerateContext, Inference } from "dediffusion/plugin";
import { denoise, throwIfAborted } from "./denoise.ts";
import { Graphs } from "./graphs.ts";
import type { ModelFolder } from "./model-folder.ts";
import type { ModelOptions } from "./options.ts";
import { latentsToPixels } from "./picture.ts";
import { type Defaults, groupJobs, type Job, planJob } from "./plan.ts";

const maxBatch = 8;
/** How far beyond the size it was trained on a U-Net may be asked to draw. */
const largestEnlargement = 2;

/** Makes the decoder. Opens nothing: each graph is opened when a request first needs it. */
export function createDecoder(options: ModelOptions, model: ModelFolder, inference: Inference): Decoder {
	const graphs = new Graphs(model.graphs, inference, options.providers);
	const defaults = defaultsOf(options, model);
	const capabilities = capabilitiesOf(model, defaults);

	async function draw(
		jobs: readonly [Job, ...Job[]],
		context: GenerateContext,
	): Promise<(readonly [number, DecodeResult])[]> {
		const report = (fraction: number, message: string) => {
			for (const job of jobs) context.onProgress({ request: job.index, fraction, message });
		};
		const latents = await denoise(jobs, model, graphs, context.signal, (done, of) =>
			// One more share than steps: the last one is the picture itself.
			report(done / (of + 1), `step ${done} of ${of}`),
		);
		const results: (readonly [number, DecodeResult])[] = [];
		for (const [position, job] of jobs.entries()) {
			throwIfAborted(context.signal);
			const image = await latentsToPixels(latents[position] as Float32Array, job, model, graphs, context.signal);
			const { seed, effectivePrompt, warnings } = job;
			results.push([job.index, { status: "done", seed, effectivePrompt, warnings, image }]);
			context.onProgress({ request: job.index, fraction: 1, message: "done" });
		}
		return results;
	}

	return {
		id: options.id,
		name: options.name ?? options.id,
		lane: options.providers && options.providers[0] !== "cpu" ? "gpu" : "cpu",
		capabilities,
		async generate(requests, context) {
			throwIfAborted(context.signal);
			const jobs = requests.map((request, index) => planJob(request, index, model, defaults, capabilities.size));
			const results = new Map<number, DecodeResult>();
			for (const group of groupJobs(jobs)) {
				for (const [index, result] of await draw(group, context)) results.set(index, result);
			}
			return requests.map((_, index) => results.get(index) as DecodeResult);
		},
		async health(signal) {
			throwIfAborted(signal);
			await graphs.check();
		},
		close: () => graphs.close(),
	};
}

function defaultsOf(options: ModelOptions, { latents, schedulers }: ModelFolder): Defaults {
	return {
		steps: options.steps ?? 25,
		guidanceScale: options.guidanceScale ?? 7.5,
		width: latents.width * latents.pixels,
		height: latents.height * latents.pixels,
		scheduler: schedulers.get(options.scheduler ?? schedulers.own.name, `models.${options.id}.scheduler`).name,
	};
}

function capabilitiesOf({ latents, schedulers, tokenizer }: ModelFolder, defaults: Defaults): DecoderCapabilities {
	const multipleOf = latents.multipleOf * latents.pixels;
	const largest = largestEnlargement * Math.max(defaults.width, defaults.height);
	return {
		settings: ["seed", "steps", "guidanceScale", "negativePrompt", "width", "height", "scheduler"],
		deterministic: true,
		maxBatch,
		schedulers: schedulers.names,
		size: { min: multipleOf, max: Math.floor(largest / multipleOf) * multipleOf, multipleOf },
		maxPromptTokens: tokenizer.maxTextTokens,
		rewritesPrompt: false,
		defaults,
	};
}
