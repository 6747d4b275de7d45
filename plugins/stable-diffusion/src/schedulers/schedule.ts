/**
 * What schedulers share: how noise grows over the training steps, and which of those steps are visited.
 *
 * Numbers are rounded to float32 where diffusers rounds them, so that both walk the same path.
 *
 * @module
 */

/** Names under which requests and capabilities know the schedulers. */
export const schedulerNames = ["ddim", "euler"] as const;
export type SchedulerName = (typeof schedulerNames)[number];

/** A scheduler's configuration, complete. The meaning of each field is the one diffusers documents. */
export interface SchedulerConfig {
	readonly name: SchedulerName;
	readonly trainSteps: number;
	readonly betaStart: number;
	readonly betaEnd: number;
	readonly betaSchedule: "linear" | "scaled_linear" | "squaredcos_cap_v2";
	/** Instead of a formula: one beta for each training step. */
	readonly trainedBetas: readonly number[] | undefined;
	readonly prediction: "epsilon" | "v_prediction";
	readonly spacing: "leading" | "trailing" | "linspace";
	readonly stepsOffset: number;
	readonly zeroTerminalSnr: boolean;
	/** DDIM: whether the last step goes to a signal without any noise, instead of to the first training step's. */
	readonly setAlphaToOne: boolean;
	/** DDIM: the range that the predicted picture is cut to; undefined when it is not cut. */
	readonly clipRange: number | undefined;
	/** Euler: where the last step ends. */
	readonly finalSigma: "zero" | "sigma_min";
}

/** One walk from noise to picture. Steps are counted from 0. */
export interface Scheduler {
	/** Training steps to visit, noisiest first; what the U-Net is told. */
	readonly timesteps: readonly number[];
	/** The standard deviation of the noise that the walk starts from. */
	readonly initialSigma: number;
	/** The sample as the U-Net wants to see it at this step. */
	scaleInput(sample: Float32Array, step: number): Float32Array;
	/** The sample after this step, from the U-Net's prediction for it. */
	step(prediction: Float32Array, step: number, sample: Float32Array): Float32Array;
}

/** The share of signal left after each training step: cumulated products of 1 - beta, falling from almost 1. */
export function cumulatedAlphas(config: SchedulerConfig): Float32Array {
	const alphas = cumulate(betas(config));
	return config.zeroTerminalSnr ? cumulate(betasWithZeroTerminalSnr(alphas)) : alphas;
}

/** The training steps to visit, noisiest first, before a scheduler rounds them: see table 2 of arXiv:2305.08891. */
export function spacedTimesteps(config: SchedulerConfig, steps: number): number[] {
	const { trainSteps, stepsOffset } = config;
	const indices = Array.from({ length: steps }, (_, index) => index);
	switch (config.spacing) {
		case "linspace":
			return indices.map((index) => (steps === 1 ? 0 : (index * (trainSteps - 1)) / (steps - 1))).reverse();
		case "leading": {
			const stride = Math.floor(trainSteps / steps);
			// With an offset, a walk over all training steps would begin one step beyond the last.
			return indices.map((index) => Math.min(index * stride + stepsOffset, trainSteps - 1)).reverse();
		}
		case "trailing":
			return indices.map((index) => roundHalfEven(trainSteps - index * (trainSteps / steps)) - 1);
	}
}

/** Rounds as IEEE 754, numpy and torch do: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
	const floor = Math.floor(value);
	const rest = value - floor;
	if (rest !== 0.5) return Math.round(value);
	return floor % 2 === 0 ? floor : floor + 1;
}

function betas(config: SchedulerConfig): Float32Array {
	const { trainSteps, betaStart, betaEnd } = config;
	if (config.trainedBetas) return Float32Array.from(config.trainedBetas);
	switch (config.betaSchedule) {
		case "linear":
			return linspace(betaStart, betaEnd, trainSteps);
		case "scaled_linear":
			return linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainSteps).map((root) => root * root);
		case "squaredcos_cap_v2":
			return Float32Array.from({ length: trainSteps }, (_, step) =>
				Math.min(1 - cosine((step + 1) / trainSteps) / cosine(step / trainSteps), 0.999),
			);
	}
}

/** Nichol and Dhariwal, arXiv:2102.09672, equation 17. */
const cosine = (time: number) => Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2;

/** As torch counts: float32 steps from the nearer end. */
function linspace(start: number, end: number, length: number): Float32Array {
	if (length === 1) return Float32Array.of(start);
	const [first, last] = [Math.fround(start), Math.fround(end)];
	const stride = Math.fround((last - first) / (length - 1));
	return Float32Array.from({ length }, (_, index) =>
		index < length / 2 ? first + stride * index : last - stride * (length - 1 - index),
	);
}

function cumulate(values: Float32Array): Float32Array {
	let product = 1;
	return values.map((beta) => {
		product *= Math.fround(1 - beta);
		return product;
	});
}

/** Algorithm 1 of arXiv:2305.08891: shifts and stretches the schedule so that its last step is noise alone. */
function betasWithZeroTerminalSnr(alphas: Float32Array): Float32Array {
	const roots = alphas.map(Math.sqrt);
	const first = roots[0] as number;
	const last = roots.at(-1) as number;
	const stretch = Math.fround(first / Math.fround(first - last));
	const squares = roots.map((root) => Math.fround(Math.fround(root - last) * stretch) ** 2);
	return squares.map(
		(square, index) => 1 - (index === 0 ? square : Math.fround(square / (squares[index - 1] as number))),
	);
}
