/**
 * Euler's method over noise levels (Karras and others, arXiv:2206.00364, algorithm 2 without churn).
 *
 * @module
 */
import { cumulatedAlphas, type Scheduler, type SchedulerConfig, spacedTimesteps } from "./schedule.ts";

/** Stands for zero where a schedule ends without signal, so that its noise level stays finite. */
const smallestAlpha = 2 ** -24;

/** An Euler walk of `steps` steps; at most as many as there are training steps. */
export function createEuler(config: SchedulerConfig, steps: number): Scheduler {
	const levels = noiseLevels(config);
	const timesteps = spacedTimesteps(config, steps).map(Math.fround);
	const last = config.finalSigma === "zero" ? 0 : (levels[0] as number);
	const sigmas = Float32Array.from([...timesteps.map((timestep) => interpolate(levels, timestep)), last]);
	const highest = Math.max(...sigmas);

	return {
		timesteps,
		initialSigma: config.spacing === "leading" ? length(highest) : highest,
		scaleInput(sample, step) {
			const scale = length(sigmas[step] as number);
			return sample.map((value) => value / scale);
		},
		step(prediction, step, sample) {
			const sigma = sigmas[step] as number;
			const distance = Math.fround((sigmas[step + 1] as number) - sigma);
			const square = Math.fround(Math.fround(sigma * sigma) + 1);
			const outScale = Math.fround(-sigma / length(sigma));
			return sample.map((value, index) => {
				const predicted = prediction[index] as number;
				const original =
					config.prediction === "epsilon"
						? Math.fround(value - Math.fround(sigma * predicted))
						: Math.fround(Math.fround(predicted * outScale) + Math.fround(value / square));
				const slope = Math.fround(Math.fround(value - original) / sigma);
				return value + Math.fround(slope * distance);
			});
		},
	};
}

/** Noise over signal at each training step. */
function noiseLevels(config: SchedulerConfig): Float32Array {
	const alphas = cumulatedAlphas(config);
	if (config.zeroTerminalSnr) alphas[alphas.length - 1] = smallestAlpha;
	return alphas.map((alpha) => Math.sqrt(Math.fround(Math.fround(1 - alpha) / alpha)));
}

function interpolate(levels: Float32Array, timestep: number): number {
	const below = Math.floor(timestep);
	const low = levels[below] as number;
	const high = levels[below + 1] ?? low;
	return low + (high - low) * (timestep - below);
}

const length = (sigma: number) => Math.fround(Math.sqrt(Math.fround(Math.fround(sigma * sigma) + 1)));
