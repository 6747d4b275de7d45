/**
 * A pipeline folder as a decoder: plans the requests, walks each group to latents, decodes the pictures.
 *
 * @module
 */
import {
	type DecodeResult,
	type Decoder,
	type DecoderCapabilities,
	type GenerateContext,
	type Inference,
} from "dediffusion/plugin";
import { throwIfAborted } from "./aborted.ts";
import { denoise } from "./denoise.ts";
import { Graphs } from "./graphs.ts";
import { type ModelFolder, whyNoInitialImage } from "./model-folder.ts";
import type { ModelOptions } from "./options.ts";
import { walkInParts } from "./parts.ts";
import { latentsToPixels } from "./picture.ts";
import { type Defaults, groupJobs, type Job, planJob } from "./plan.ts";
import { rememberTexts } from "./remembered-texts.ts";

const maxBatch = 8;
/** How far beyond the size it was trained on a U-Net may be asked to draw. */
const largestEnlargement = 2;

/** Makes the decoder. Opens nothing: each graph is opened when a request first needs it.
 *
 * @throws DeDiffusionError `SCHEDULER_UNKNOWN` for a scheduler that the model cannot be drawn with.
 */
export function createDecoder(options: ModelOptions, model: ModelFolder, inference: Inference): Decoder {
	const graphs = new Graphs(model.graphs, inference, options.providers);
	const encodeTexts = rememberTexts(model, graphs, options.clipSkip);
	const defaults = defaultsOf(options, model);
	const capabilities = capabilitiesOf(model, defaults);

	async function draw(
		jobs: readonly [Job, ...Job[]],
		context: GenerateContext,
	): Promise<(readonly [number, DecodeResult])[]> {
		const toPixels = (latents: Float32Array, job: Job) => latentsToPixels(latents, job, model, graphs, context.signal);
		const latents = await walkInParts({ jobs, isApart: false }, (part) =>
			denoise(part, model, graphs, encodeTexts, options, context.signal, async ({ done, of, latents: shown }) => {
				for (const [position, job] of part.jobs.entries()) {
					const now = shown?.[position];
					context.onProgress({
						request: job.index,
						// One more share than steps: the last one is the picture itself.
						fraction: done / (of + 1),
						message: `step ${done} of ${of}`,
						...(now ? { preview: await toPixels(now, job) } : {}),
					});
				}
			}),
		);
		const results: (readonly [number, DecodeResult])[] = [];
		for (const [position, job] of jobs.entries()) {
			throwIfAborted(context.signal);
			const image = await toPixels(latents[position] as Float32Array, job);
			// A run that has begun ends, also for somebody who has gone meanwhile.
			throwIfAborted(context.signal);
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
		model: { family: model.family, folder: model.path },
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

function defaultsOf(options: ModelOptions, { latents, schedulers, defaults }: ModelFolder): Defaults {
	return {
		steps: options.steps ?? defaults.steps,
		guidanceScale: options.guidanceScale ?? defaults.guidanceScale,
		width: latents.width * latents.pixels,
		height: latents.height * latents.pixels,
		scheduler: schedulers.get(options.scheduler ?? schedulers.own.name, `models.${options.id}.scheduler`).name,
	};
}

function capabilitiesOf(model: ModelFolder, defaults: Defaults): DecoderCapabilities {
	const { latents, schedulers, textEncoders } = model;
	const noInitialImage = whyNoInitialImage(model);
	return {
		settings: [
			...(["seed", "steps", "guidanceScale", "negativePrompt"] as const),
			...(latents.isFixed ? [] : (["width", "height"] as const)),
			"scheduler",
			...(noInitialImage === undefined ? (["initialImage"] as const) : []),
		],
		reasons: {
			...(noInitialImage !== undefined && { initialImage: noInitialImage }),
			...(latents.isFixed && { width: whyFixed(defaults), height: whyFixed(defaults) }),
		},
		deterministic: true,
		maxBatch,
		schedulers: schedulers.names,
		size: sizesOf(model, defaults),
		...tokenizerOf(model),
		maxPromptTokens: Math.min(...textEncoders.map(({ tokenizer }) => tokenizer.maxTextTokens)),
		rewritesPrompt: false,
		defaults,
	};
}

/** The picture sizes that the U-Net's graph takes. */
function sizesOf({ latents }: ModelFolder, { width, height }: Defaults): DecoderCapabilities["size"] {
	const [small, large] = [Math.min(width, height), Math.max(width, height)];
	if (latents.isFixed) return { min: small, max: large, multipleOf: latents.pixels };
	const multipleOf = latents.multipleOf * latents.pixels;
	return {
		min: latents.smallest * latents.pixels,
		max: Math.floor((largestEnlargement * large) / multipleOf) * multipleOf,
		multipleOf,
	};
}

function whyFixed({ width, height }: Defaults): string {
	return `The U-Net was exported for pictures of ${width} x ${height} pixels alone; export it with free sizes.`;
}

/** The tokenizer whose ids are taken: the one that all text encoders share, if only in its ids. */
function tokenizerOf({ textEncoders: [first, ...others] }: ModelFolder): Pick<DecoderCapabilities, "tokenizer"> {
	const { id } = first.tokenizer;
	return others.every(({ tokenizer }) => tokenizer.id === id) ? { tokenizer: id } : {};
}
