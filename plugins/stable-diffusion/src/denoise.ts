/**
 * From noise to latents: the U-Net step by step along a scheduler's walk, with guidance.
 *
 * @module
 */
import { DeDiffusionError, type InferenceSession, type Tensor } from "dediffusion/plugin";
import type { Graphs } from "./graphs.ts";
import { guidanceEmbedding, guide, rescale } from "./guidance.ts";
import type { ModelFolder } from "./model-folder.ts";
import type { Job } from "./plan.ts";
import { floatsOf, inputNamed, tensorFor, timestepFor } from "./tensors.ts";
import { type EncodedTexts, encodeTexts, join } from "./texts.ts";

/** What is set for a model rather than for a request. */
export interface DenoiseSettings {
	/** 0 to 1; 0 leaves guided predictions as they are. */
	readonly guidanceRescale: number;
	/** Layers of the text encoders to leave out. */
	readonly clipSkip: number;
}

/** How far a walk has come. */
export interface Stride {
	/** Calls of the U-Net; some schedulers take two for a step. */
	readonly done: number;
	readonly of: number;
	/** One array of latents for each job, as they are now. */
	readonly latents: () => readonly Float32Array[];
}

/**
 * Walks a group of jobs from noise to latents in one batch.
 *
 * @param jobs Alike in steps, guidance, scheduler and size.
 * @param onStep Called, and waited for, after each call of the U-Net.
 * @returns One array of latents for each job.
 * @throws DeDiffusionError `ABORTED` between steps, or what opening and running graphs throws.
 */
export async function denoise(
	jobs: readonly [Job, ...Job[]],
	model: ModelFolder,
	graphs: Graphs,
	settings: DenoiseSettings,
	signal: AbortSignal,
	onStep: (stride: Stride) => Promise<void>,
): Promise<readonly Float32Array[]> {
	const [{ steps, guidanceScale, scheduler: configured }] = jobs;
	throwIfAborted(signal);
	const texts = await encodeTexts(jobs, model, graphs, settings.clipSkip, signal);
	const isGuided = jobs[0].negative !== undefined;
	const predict = await openUnet(jobs, texts, model, graphs, signal);

	const scheduler = configured.start(steps);
	const calls = scheduler.timesteps.length;
	const drawNoise = () => join(jobs.map((job) => job.random.normal(job.noise.length)));
	let sample: Float32Array = join(jobs.map((job) => job.noise)).map((value) => value * scheduler.initialSigma);
	for (const [call, timestep] of scheduler.timesteps.entries()) {
		throwIfAborted(signal);
		const scaled = scheduler.scaleInput(sample, call);
		const predicted = await predict(isGuided ? join([scaled, scaled]) : scaled, timestep);
		let prediction = isGuided ? guide(predicted, guidanceScale) : predicted;
		if (isGuided && settings.guidanceRescale > 0) {
			prediction = rescale(prediction, predicted, settings.guidanceRescale, jobs.length);
		}
		sample = scheduler.step(prediction, call, sample, drawNoise);
		const next = call + 1;
		const asSeen = () => (next < calls ? scheduler.scaleInput(sample, next) : sample);
		await onStep({ done: next, of: calls, latents: () => split(asSeen(), jobs.length) });
	}
	if (!sample.every(Number.isFinite)) {
		throw new DeDiffusionError(
			"INFERENCE_FAILED",
			"The model's numbers left the range of floats on the way to the picture.",
			{
				retryable: false,
				advice: "Use the scheduler and the prediction type that the model was trained for.",
			},
		);
	}
	return split(sample, jobs.length);
}

/** @throws DeDiffusionError `ABORTED` once nobody waits for the picture any more. */
export function throwIfAborted(signal: AbortSignal): void {
	if (signal.aborted) throw new DeDiffusionError("ABORTED", "Drawing was cancelled.", { cause: signal.reason });
}

/** A U-Net with everything that stays the same from step to step. */
async function openUnet(
	jobs: readonly [Job, ...Job[]],
	{ states, pooled }: EncodedTexts,
	model: ModelFolder,
	graphs: Graphs,
	signal: AbortSignal,
): Promise<(sample: Float32Array, timestep: number) => Promise<Float32Array>> {
	const [{ width, height, guidanceScale }] = jobs;
	const unet = await graphs.open("unet");
	const path = graphs.path("unet");
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

	const dims = [batch, model.latents.channels, height, width];
	const sampleInput = inputNamed(unet, "sample", path);
	const timestepInput = inputNamed(unet, "timestep", path);
	return async (sample, timestep) => {
		const outputs = await unet.run(
			{
				...constant,
				sample: tensorFor(sampleInput, sample, dims),
				timestep: timestepFor(timestepInput, timestep, batch),
			},
			{ signal },
		);
		return floatsOf(outputs, "out_sample", path).data;
	};
}

function refuseUnknownInputs(unet: InferenceSession, known: ReadonlySet<string>, path: string): void {
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

function split(values: Float32Array, parts: number): Float32Array[] {
	const length = values.length / parts;
	return Array.from({ length: parts }, (_, index) => values.slice(index * length, (index + 1) * length));
}
