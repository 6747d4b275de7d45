/**
 * From noise to latents: the text through the text encoder, then the U-Net step by step with classifier-free guidance.
 *
 * @module
 */
import { DeDiffusionError, type Tensor } from "dediffusion/plugin";
import type { Graphs } from "./graphs.ts";
import type { ModelFolder } from "./model-folder.ts";
import type { Job } from "./plan.ts";
import { floatsOf, inputNamed, tensorFor, timestepFor } from "./tensors.ts";
import type { Encoding } from "./tokenizer.ts";

/**
 * Walks a group of jobs from noise to latents in one batch.
 *
 * @param jobs Alike in steps, guidance, scheduler and size.
 * @param onStep Called after each call of the U-Net, with how many are done of how many; some schedulers take two for a step.
 * @returns One array of latents for each job.
 * @throws DeDiffusionError `ABORTED` between steps, or what opening and running graphs throws.
 */
export async function denoise(
	jobs: readonly [Job, ...Job[]],
	model: ModelFolder,
	graphs: Graphs,
	signal: AbortSignal,
	onStep: (done: number, of: number) => void,
): Promise<readonly Float32Array[]> {
	const [{ steps, guidanceScale, width, height, scheduler: configured }] = jobs;
	const negatives = jobs.map((job) => job.negative).filter((negative) => negative !== undefined);
	const guided = negatives.length > 0;
	const texts = [...negatives, ...jobs.map((job) => job.prompt)];
	const states = await encodeTexts(texts, graphs, signal);

	const unet = await graphs.open("unet");
	const path = graphs.path("unet");
	const inputs = {
		sample: inputNamed(unet, "sample", path),
		timestep: inputNamed(unet, "timestep", path),
		states: inputNamed(unet, "encoder_hidden_states", path),
	};
	const statesTensor = tensorFor(inputs.states, states.data, states.dims);
	const dims = [texts.length, model.latents.channels, height, width];

	const scheduler = configured.start(steps);
	const calls = scheduler.timesteps.length;
	let sample: Float32Array = joined(jobs.map((job) => job.noise)).map((value) => value * scheduler.initialSigma);
	const drawNoise = () => joined(jobs.map((job) => job.random.normal(job.noise.length)));
	for (let call = 0; call < calls; call++) {
		throwIfAborted(signal);
		const scaled = scheduler.scaleInput(sample, call);
		const outputs: Record<string, Tensor> = await unet.run(
			{
				sample: tensorFor(inputs.sample, guided ? joined([scaled, scaled]) : scaled, dims),
				timestep: timestepFor(inputs.timestep, scheduler.timesteps[call] as number, texts.length),
				encoder_hidden_states: statesTensor,
			},
			{ signal },
		);
		const predicted = floatsOf(outputs, "out_sample", path).data;
		sample = scheduler.step(guided ? guide(predicted, guidanceScale) : predicted, call, sample, drawNoise);
		onStep(call + 1, calls);
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
	const length = sample.length / jobs.length;
	return jobs.map((_, index) => sample.slice(index * length, (index + 1) * length));
}

/** @throws DeDiffusionError `ABORTED` once nobody waits for the picture any more. */
export function throwIfAborted(signal: AbortSignal): void {
	if (signal.aborted) throw new DeDiffusionError("ABORTED", "Drawing was cancelled.", { cause: signal.reason });
}

async function encodeTexts(texts: readonly Encoding[], graphs: Graphs, signal: AbortSignal) {
	throwIfAborted(signal);
	const encoder = await graphs.open("text_encoder");
	const path = graphs.path("text_encoder");
	const ids = texts.flatMap((text) => text.ids);
	const input = tensorFor(inputNamed(encoder, "input_ids", path), ids, [texts.length, ids.length / texts.length]);
	return floatsOf(await encoder.run({ input_ids: input }, { signal }), "last_hidden_state", path);
}

/** Ho and Salimans, arXiv:2207.12598: away from what the model predicts without the text, towards what it does with it. */
function guide(predicted: Float32Array, scale: number): Float32Array {
	const half = predicted.length / 2;
	return predicted.subarray(0, half).map((without, index) => {
		const difference = Math.fround((predicted[half + index] as number) - without);
		return without + Math.fround(Math.fround(scale) * difference);
	});
}

function joined(arrays: readonly Float32Array[]): Float32Array {
	const all = new Float32Array(arrays.reduce((length, array) => length + array.length, 0));
	let start = 0;
	for (const array of arrays) {
		all.set(array, start);
		start += array.length;
	}
	return all;
}
