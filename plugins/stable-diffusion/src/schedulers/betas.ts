/**
 * How noise grows over the training steps.
 *
 * @module
 */

/** A schedule of betas as `scheduler_config.json` gives it. */
export interface BetaSchedule {
	readonly num_train_timesteps: number;
	readonly beta_start: number;
	readonly beta_end: number;
	readonly beta_schedule: "linear" | "scaled_linear" | "squaredcos_cap_v2" | "exp" | "sigmoid";
	readonly trained_betas?: readonly number[] | null | undefined;
	readonly rescale_betas_zero_snr?: boolean;
}

/** By what they were made of: every walk of a model has the same ones. */
const known = new WeakMap<BetaSchedule, Float32Array>();

/**
 * The share of signal left after each training step: cumulated products of 1 - beta, falling from almost 1.
 *
 * @returns Shared with other callers: not to be changed.
 */
export function cumulatedAlphas(config: BetaSchedule): Float32Array {
	const alphas = known.get(config) ?? alphasOf(config);
	known.set(config, alphas);
	return alphas;
}

function alphasOf(config: BetaSchedule): Float32Array {
	const alphas = cumulate(betas(config));
	return config.rescale_betas_zero_snr ? cumulate(betasWithZeroTerminalSnr(alphas)) : alphas;
}

function betas(config: BetaSchedule): Float32Array {
	const { num_train_timesteps: trainSteps, beta_start: start, beta_end: end } = config;
	if (config.trained_betas) return Float32Array.from(config.trained_betas);
	switch (config.beta_schedule) {
		case "linear":
			return linspace(start, end, trainSteps);
		case "scaled_linear":
			return linspace(Math.sqrt(start), Math.sqrt(end), trainSteps).map((root) => root * root);
		case "squaredcos_cap_v2":
			return betasOf(cosine, trainSteps);
		case "exp":
			return betasOf((time) => Math.exp(-12 * time), trainSteps);
		case "sigmoid":
			return linspace(-6, 6, trainSteps).map(
				(value) => Math.fround(Math.fround(1 / (1 + Math.exp(-value))) * (end - start)) + start,
			);
	}
}

/** The betas whose cumulated product follows a curve over [0, 1]. */
function betasOf(alpha: (time: number) => number, trainSteps: number): Float32Array {
	return Float32Array.from({ length: trainSteps }, (_, step) =>
		Math.min(1 - alpha((step + 1) / trainSteps) / alpha(step / trainSteps), 0.999),
	);
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
