/**
 * Noise levels: sigma is noise over signal, as Karras and others count it (arXiv:2206.00364).
 *
 * @module
 */
import { type BetaSchedule, cumulatedAlphas } from "./betas.ts";
import { linspace } from "./timesteps.ts";

/** Stands for zero where a schedule ends without signal, so that its noise level stays finite. */
const smallestAlpha = 2 ** -24;

/** Noise over signal at each training step, cleanest first. */
export function noiseLevels(config: BetaSchedule): Float32Array {
	const alphas = cumulatedAlphas(config);
	const last = alphas.length - 1;
	return alphas.map((share, step) => {
		const alpha = config.rescale_betas_zero_snr && step === last ? smallestAlpha : share;
		return Math.sqrt(Math.fround(Math.fround(1 - alpha) / alpha));
	});
}

/** The level at a training step that may be a fraction. */
export function levelAt(levels: Float32Array, timestep: number): number {
	const below = Math.min(Math.floor(timestep), levels.length - 1);
	const low = levels[below] as number;
	const high = levels[below + 1] ?? low;
	return low + (high - low) * (timestep - below);
}

/** The training step, as a fraction, at which noise has a level: linear in the logarithm. */
export function timestepAt(logLevels: Float32Array, sigma: number): number {
	const wanted = Math.log(Math.max(sigma, 1e-10));
	const below = Math.min(
		Math.max(
			logLevels.findLastIndex((level) => wanted >= level),
			0,
		),
		logLevels.length - 2,
	);
	const low = logLevels[below] as number;
	const high = logLevels[below + 1] as number;
	const share = Math.min(Math.max((low - wanted) / Math.fround(low - high), 0), 1);
	return (1 - share) * below + share * (below + 1);
}

/** Natural logarithms in float32. */
export const logarithms = (levels: Float32Array): Float32Array => levels.map(Math.log);

/** Levels between two ends, and how they lie there. */
export interface LevelCurve {
	readonly use_karras_sigmas?: boolean | null | undefined;
	readonly use_exponential_sigmas?: boolean | null | undefined;
}

/** Whether levels follow a curve of their own instead of the training steps. */
export const followsCurve = (config: LevelCurve): boolean =>
	Boolean(config.use_karras_sigmas || config.use_exponential_sigmas);

/** Levels along the configured curve, noisiest first. */
export function curveLevels(config: LevelCurve, highest: number, lowest: number, steps: number): number[] {
	return config.use_karras_sigmas ? karrasLevels(highest, lowest, steps) : exponentialLevels(highest, lowest, steps);
}

/** Equation 5 of arXiv:2206.00364 with its rho of 7. */
function karrasLevels(highest: number, lowest: number, steps: number): number[] {
	const rho = 7;
	const [first, last] = [highest ** (1 / rho), lowest ** (1 / rho)];
	return linspace(0, 1, steps).map((share) => (first + share * (last - first)) ** rho);
}

/** Levels in equal ratios. */
export function exponentialLevels(highest: number, lowest: number, steps: number): number[] {
	return linspace(Math.log(highest), Math.log(lowest), steps).map(Math.exp);
}

/** The length of the vector of signal 1 and noise sigma: what brings a sample of that level to variance 1. */
export const lengthOf = (sigma: number): number => Math.fround(Math.sqrt(Math.fround(Math.fround(sigma * sigma) + 1)));

/** A level as a variance-preserving sample has it: `sample = signal * picture + noise * epsilon`. */
export interface Mixture {
	readonly signal: number;
	readonly noise: number;
	/** The logarithm of signal over noise: lambda in the papers on DPM-Solver. */
	readonly logRatio: number;
}

export function mixtureOf(sigma: number): Mixture {
	const signal = Math.fround(1 / lengthOf(sigma));
	const noise = Math.fround(sigma * signal);
	return { signal, noise, logRatio: Math.fround(Math.fround(Math.log(signal)) - Math.fround(Math.log(noise))) };
}
