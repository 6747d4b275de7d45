/**
 * The walk from noise to latents: the U-Net, call by call, with guidance. A module of its own, because it is carried out
 * on the thread of the U-Net's graph: a call takes milliseconds, and a trip to another thread a good part of one.
 *
 * @module
 */
import type { Loop, Tensor, TensorSignature } from "dediffusion/plugin";
import { throwIfAborted } from "./aborted.ts";
import { join, split } from "./arrays.ts";
import { guide, rescale } from "./guidance.ts";
import { seededRandom } from "./noise.ts";
import { scaled } from "./schedulers/arrays.ts";
import { readSchedulers, type SchedulerFile } from "./schedulers/config.ts";
import type { WalkStart } from "./schedulers/scheduler.ts";
import { floatsOf, tensorFor, timestepFor } from "./tensors.ts";

/** A group of jobs that walk in one batch, in values that can cross threads. */
export interface Walk {
	readonly scheduler: { readonly file: SchedulerFile; readonly name: string };
	readonly steps: number;
	readonly start: WalkStart;
	readonly guidance: {
		/** Whether each call predicts without the text too. */
		readonly isOn: boolean;
		/** Whether the two predictions take two runs: half of the memory, and more time. */
		readonly isApart: boolean;
		readonly scale: number;
		/** 0 to 1; 0 leaves guided predictions as they are. */
		readonly rescale: number;
		/** The part of the way on which there is guidance, as shares of all calls: from, inclusive, and to, exclusive. */
		readonly interval: readonly [from: number, to: number];
	};
	readonly samples: readonly {
		readonly seed: number;
		/** Noise of standard deviation 1, shape [channels, height, width]. */
		readonly noise: Float32Array;
		/** How often so many numbers were drawn from the seed already. */
		readonly drawn: number;
		/** Latents of the picture that the walk starts from, of the noise's shape; without them it starts from noise alone. */
		readonly picture?: Float32Array;
	}[];
	readonly unet: {
		/** Named in errors. */
		readonly path: string;
		/** Inputs that stay the same from call to call. */
		readonly constant: Readonly<Record<string, Tensor>>;
		readonly sample: TensorSignature;
		readonly timestep: TensorSignature;
		/** Shape of the sample: [batch, channels, height, width]. */
		readonly dims: readonly number[];
	};
	/** Reports carry the latents after every so many calls; undefined for never. */
	readonly showEvery: number | undefined;
}

/** How far a walk has come. */
export interface Stride {
	/** Calls of the U-Net; some schedulers take two for a step. */
	readonly done: number;
	readonly of: number;
	/** One array of latents for each sample, as they are now, where they are to be shown. */
	readonly latents?: readonly Float32Array[];
}

/** As a loop's, but a walk on the caller's own thread waits for what it reports to be shown. */
interface WalkContext {
	readonly signal: AbortSignal;
	readonly report: (stride: Stride) => void | Promise<void>;
}

/**
 * Walks to the end.
 *
 * @returns The latents of all samples, one after another.
 * @throws DeDiffusionError `ABORTED` between calls, or what running the graph throws.
 */
export async function walk(
	run: Parameters<Loop<Walk, Float32Array, Stride>>[0],
	walked: Walk,
	{ signal, report }: WalkContext,
): Promise<Float32Array> {
	const { guidance, samples, unet, steps, start, showEvery } = walked;
	const scheduler = schedulersOf(walked.scheduler.file).get(walked.scheduler.name, "scheduler").start(steps, start);
	const { firstCall } = scheduler;
	const calls = scheduler.timesteps.length - firstCall;
	const drawNoise = noiseAfter(samples);
	let sample = join(
		samples.map(({ noise, picture }) =>
			picture === undefined ? scaled(noise, scheduler.initialSigma) : scheduler.addNoise(picture, noise, firstCall),
		),
	);
	const [withoutText, withText] = guidance.isOn ? halvesOf(unet.constant) : [unet.constant, unet.constant];
	const predict = async (constant: typeof unet.constant, values: Float32Array, timestep: number) => {
		const batch = samples.length * (values.length / sample.length);
		const outputs = await run({
			...constant,
			sample: tensorFor(unet.sample, values, [batch, ...unet.dims.slice(1)]),
			timestep: timestepFor(unet.timestep, timestep, batch),
		});
		return floatsOf(outputs, "out_sample", unet.path).data;
	};
	/** Without the text for all samples, then with it. */
	const predictBoth = async (values: Float32Array, timestep: number) =>
		guidance.isApart
			? join([await predict(withoutText, values, timestep), await predict(withText, values, timestep)])
			: predict(unet.constant, join([values, values]), timestep);
	const [guidedFrom, guidedTo] = guidance.interval;
	for (const [index, timestep] of scheduler.timesteps.slice(firstCall).entries()) {
		throwIfAborted(signal);
		const call = firstCall + index;
		const isGuided = guidance.isOn && index >= guidedFrom * calls && index < guidedTo * calls;
		const input = scheduler.scaleInput(sample, call);
		const predicted = isGuided ? await predictBoth(input, timestep) : await predict(withText, input, timestep);
		let prediction = isGuided ? guide(predicted, guidance.scale) : predicted;
		if (isGuided && guidance.rescale > 0) {
			prediction = rescale(prediction, predicted, guidance.rescale, samples.length);
		}
		sample = scheduler.step(prediction, call, sample, drawNoise);
		const done = index + 1;
		const isShown = showEvery !== undefined && done % showEvery === 0 && done < calls;
		await report({
			done,
			of: calls,
			...(isShown ? { latents: split(scheduler.scaleInput(sample, call + 1), samples.length) } : {}),
		});
	}
	return sample;
}

export default walk satisfies Loop<Walk, Float32Array, Stride>;

/** What the texts to stay away from are told, and what the texts to draw are. */
function halvesOf(inputs: Readonly<Record<string, Tensor>>): [Record<string, Tensor>, Record<string, Tensor>] {
	const halves: [Record<string, Tensor>, Record<string, Tensor>] = [{}, {}];
	for (const [name, { type, dims, data }] of Object.entries(inputs)) {
		const [both = 0, ...rest] = dims;
		const middle = data.length / 2;
		// A slice has its array's type, which TypeScript cannot follow through the union.
		halves[0][name] = { type, dims: [both / 2, ...rest], data: data.slice(0, middle) } as Tensor;
		halves[1][name] = { type, dims: [both / 2, ...rest], data: data.slice(middle) } as Tensor;
	}
	return halves;
}

/** Reading a file checks it against every scheduler; each walk of a model would read the same one. */
const known = new Map<string, ReturnType<typeof readSchedulers>>();

function schedulersOf({ path, value }: SchedulerFile): ReturnType<typeof readSchedulers> {
	const key = JSON.stringify([path, value]);
	const schedulers = known.get(key) ?? readSchedulers(value, path);
	known.set(key, schedulers);
	return schedulers;
}

/** What each sample's seed gives after its first noise, for schedulers that add more on the way. */
function noiseAfter(samples: Walk["samples"]): () => Float32Array {
	let draws: (() => Float32Array)[] | undefined;
	return () => {
		draws ??= samples.map(({ seed, noise, drawn }) => {
			const random = seededRandom(seed);
			for (let draw = 0; draw < drawn; draw++) random.normal(noise.length);
			return () => random.normal(noise.length);
		});
		return join(draws.map((draw) => draw()));
	};
}
