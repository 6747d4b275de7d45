/**
 * From noise, or from pictures, to latents: encodes the texts, gathers what the U-Net takes, and has it walked along a
 * scheduler.
 *
 * @module
 */
import { extname } from "node:path";
import { DeDiffusionError, type InferenceSession, type Tensor } from "dediffusion/plugin";
import { throwIfAborted } from "./aborted.ts";
import { join, split } from "./arrays.ts";
import { encodePicture } from "./encode-picture.ts";
import type { Graphs } from "./graphs.ts";
import { guidanceEmbedding } from "./guidance.ts";
import type { ModelFolder } from "./model-folder.ts";
import { seededRandom } from "./noise.ts";
import type { Part } from "./parts.ts";
import type { Job } from "./plan.ts";
import type { EncodeTexts } from "./remembered-texts.ts";
import { inputNamed, tensorFor } from "./tensors.ts";
import type { EncodedTexts } from "./texts.ts";
import { type Stride, type Walk, walk } from "./walk.ts";

/** Sources walk with the source, `dist` with its compiled form. */
const walkModule = new URL(`./walk${extname(import.meta.url)}`, import.meta.url);

/** What is set for a model rather than for a request. */
export interface DenoiseSettings {
	/** 0 to 1; 0 leaves guided predictions as they are. */
	readonly guidanceRescale: number;
	/** The part of the way on which there is guidance, as shares of it. */
	readonly guidanceInterval: readonly [from: number, to: number];
	/** Strides carry the latents after every so many calls of the U-Net; undefined for never. */
	readonly previewEvery?: number | undefined;
}

/**
 * Walks a group of jobs from noise to latents in one batch.
 *
 * @param part Jobs that are alike in steps, guidance, scheduler, size and in where they start.
 * @param encodeTexts The model's own.
 * @param onStride Called after each call of the U-Net; waited for where there is something to show.
 * @returns One array of latents for each job.
 * @throws DeDiffusionError `ABORTED` between steps, or what opening and running graphs throws.
 */
export async function denoise(
	{ jobs, isApart }: Part,
	model: ModelFolder,
	graphs: Graphs,
	encodeTexts: EncodeTexts,
	settings: DenoiseSettings,
	signal: AbortSignal,
	onStride: (stride: Stride) => void | Promise<void>,
): Promise<readonly Float32Array[]> {
	const [{ steps, start, guidanceScale, scheduler, negative }] = jobs;
	throwIfAborted(signal);
	// Noise is drawn while another thread encodes the texts.
	const [texts, samples] = await Promise.all([encodeTexts(jobs, signal), startsOf(jobs, model, graphs, signal)]);
	const unet = await graphs.open("unet");
	const walked: Walk = {
		scheduler: { file: model.schedulers.file, name: scheduler.name },
		steps,
		start,
		guidance: {
			isOn: negative !== undefined,
			isApart,
			scale: guidanceScale,
			rescale: settings.guidanceRescale,
			interval: settings.guidanceInterval,
		},
		samples,
		unet: inputsOf(unet, graphs.path("unet"), jobs, texts, model),
		showEvery: settings.previewEvery,
	};
	// Somebody who watches needs the autoencoder between two calls, on what may be the same thread.
	const latents =
		walked.showEvery === undefined
			? await unet.loop<Walk, Float32Array, Stride>(walkModule, walked, { signal, onReport: onStride })
			: await walk((inputs) => unet.run(inputs, { signal }), walked, { signal, report: onStride });
	if (!latents.every(Number.isFinite)) {
		throw new DeDiffusionError(
			"INFERENCE_FAILED",
			"The model's numbers left the range of floats on the way to the picture.",
			{
				retryable: false,
				advice: "Use the scheduler and the prediction type that the model was trained for.",
			},
		);
	}
	return split(latents, jobs.length);
}

async function startsOf(
	jobs: readonly Job[],
	model: ModelFolder,
	graphs: Graphs,
	signal: AbortSignal,
): Promise<Walk["samples"]> {
	const samples: Walk["samples"][number][] = [];
	for (const job of jobs) samples.push(await startOf(job, model, graphs, signal));
	return samples;
}

/** What a job's walk starts from. Diffusers draws a picture's latents first, then the noise: both come from one seed. */
async function startOf(
	{ seed, initialImage, initialLatents, width, height }: Job,
	model: ModelFolder,
	graphs: Graphs,
	signal: AbortSignal,
): Promise<Walk["samples"][number]> {
	const random = seededRandom(seed);
	let drawn = 0;
	const draw = () => {
		drawn++;
		return random.normal(model.latents.channels * height * width);
	};
	const picture = initialImage && (await encodePicture(initialImage, draw, model, graphs, signal));
	const noise = initialLatents ?? draw();
	return { seed, noise, drawn, ...(picture && { picture }) };
}

/** What the U-Net takes at each call, and what stays the same from call to call. */
function inputsOf(
	unet: InferenceSession,
	path: string,
	jobs: readonly [Job, ...Job[]],
	{ states, pooled }: EncodedTexts,
	model: ModelFolder,
): Walk["unet"] {
	const [{ width, height, guidanceScale }] = jobs;
	const [batch = 0] = states.dims;
	const constant: Record<string, Tensor> = {
		encoder_hidden_states: tensorFor(inputNamed(unet, "encoder_hidden_states", path), states.data, states.dims),
	};
	const add = (name: string, values: Float32Array, dims: readonly number[]) => {
		constant[name] = tensorFor(inputNamed(unet, name, path), values, dims);
	};
	if (pooled) {
		add("text_embeds", pooled.data, pooled.dims);
		const { pixels } = model.latents;
		// The picture is whole and was never larger: original height and width, no crop, height and width wanted.
		const size = [height * pixels, width * pixels];
		add("time_ids", repeated([...size, 0, 0, ...size], batch), [batch, 6]);
	}
	if (model.guidanceNumbers !== undefined) {
		const numbers = model.guidanceNumbers;
		add("timestep_cond", repeated(guidanceEmbedding(guidanceScale, numbers), batch), [batch, numbers]);
	}
	refuseUnknownInputs(unet, new Set(["sample", "timestep", ...Object.keys(constant)]), path);
	return {
		path,
		constant,
		sample: inputNamed(unet, "sample", path),
		timestep: inputNamed(unet, "timestep", path),
		dims: [batch, model.latents.channels, height, width],
	};
}

/** @throws DeDiffusionError `MODEL_INVALID` for inputs that nobody would fill. */
export function refuseUnknownInputs(unet: InferenceSession, known: ReadonlySet<string>, path: string): void {
	const unknown = unet.inputs.map(({ name }) => name).filter((name) => !known.has(name));
	if (unknown.length === 0) return;
	throw new DeDiffusionError(
		"MODEL_INVALID",
		`The graph ${path} has inputs that its folder does not explain: ${unknown.join(", ")}`,
		{ input: path },
	);
}

function repeated(values: ArrayLike<number>, times: number): Float32Array {
	return join(new Array<Float32Array>(times).fill(Float32Array.from(values)));
}
