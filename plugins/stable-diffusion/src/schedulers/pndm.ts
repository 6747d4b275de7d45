/**
 * Pseudo numerical methods for diffusion models (Liu, Ren, Lin, Zhao: arXiv:2202.09778).
 *
 * A linear multistep method (PLMS) needs the last four predictions. It starts with three steps of pseudo Runge-Kutta
 * (PRK, four predictions each), or, with `skip_prk_steps`, with methods of lower order. From a picture it always starts
 * with those: the Runge-Kutta steps are laid out for the noisiest end of the walk alone.
 *
 * @module
 */
import { z } from "zod";
import { roundHalfEven } from "../rounding.ts";
import { sum, type Term } from "./arrays.ts";
import { cumulatedAlphas } from "./betas.ts";
import { noiseOrVelocity, scheduleOptions, spacing } from "./options.ts";
import { epsilonIn, mixed, partsOf } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";
import { spacedTimesteps } from "./timesteps.ts";

const { fround } = Math;

/** Weights of the predictions, newest first: Adams-Bashforth methods of order 1 to 4. */
const adamsBashforth = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

/** Weights of the four predictions of a Runge-Kutta step. */
const rungeKutta = [1 / 6, 1 / 3, 1 / 3, 1 / 6];

/** Calls of the model before the multistep method takes over. */
const rungeKuttaCalls = 12;

export const pndm = defineScheduler({
	name: "pndm",
	className: "PNDMScheduler",
	file: z.object({
		...scheduleOptions,
		skip_prk_steps: z.boolean().default(false),
		/** Whether the last step goes to a signal without any noise, instead of to the first training step's. */
		set_alpha_to_one: z.boolean().default(false),
		prediction_type: noiseOrVelocity,
		timestep_spacing: spacing.default("leading"),
	}),
	stepRange: (config) => ({ min: config.skip_prk_steps ? 1 : 4, max: config.num_train_timesteps }),

	create(config, steps, firstCall) {
		const alphas = cumulatedAlphas(config);
		const stride = Math.floor(config.num_train_timesteps / steps);
		const finalAlpha = config.set_alpha_to_one ? 1 : (alphas[0] as number);
		const spaced = spacedTimesteps(config, steps).map(roundHalfEven);
		const skipsRungeKutta = config.skip_prk_steps || firstCall > 0;
		const timesteps = skipsRungeKutta ? repeatSecond(spaced) : withRungeKutta(spaced, Math.floor(stride / 2));
		const firstMultistep = skipsRungeKutta ? 0 : rungeKuttaCalls;
		/** Newest first. */
		let history: Float32Array[] = [];
		/** Predictions of the Runge-Kutta step under way, and the sample that it began with. */
		let stages: Term[] = [];
		let begin = new Float32Array();

		/** Equation 11: from one noise level to another along the direction of a prediction. */
		function transfer(sample: Float32Array, from: number, to: number, prediction: Float32Array): Float32Array {
			const alpha = alphas[from] as number;
			const next = alphas[to] ?? finalAlpha;
			const epsilon = epsilonIn(config.prediction_type, prediction, sample, partsOf(alpha));
			const divisor = alpha * Math.sqrt(fround(1 - next)) + Math.sqrt(fround(fround(alpha * fround(1 - alpha)) * next));
			return sum([Math.sqrt(fround(next / alpha)), sample], [-fround(next - alpha) / divisor, epsilon]);
		}

		function rungeKuttaStep(prediction: Float32Array, call: number, sample: Float32Array): Float32Array {
			const stage = call % 4;
			if (stage === 0) {
				begin = sample.slice();
				stages = [];
				history = [prediction, ...history];
			}
			stages.push([rungeKutta[stage] as number, prediction]);
			const from = timesteps[call - stage] as number;
			const to = (timesteps[call] as number) - (call % 2 === 0 ? Math.floor(stride / 2) : 0);
			return transfer(begin, from, to, stage === 3 ? sum(...(stages as [Term, ...Term[]])) : prediction);
		}

		function multistep(prediction: Float32Array, call: number, sample: Float32Array): Float32Array {
			const timestep = timesteps[call] as number;
			if (skipsRungeKutta && call === firstCall + 1) {
				// The first step once more, now with the mean of the predictions at both of its ends.
				const mean = sum([0.5, prediction], [0.5, history[0] as Float32Array]);
				return transfer(begin, Math.min(timestep + stride, alphas.length - 1), timestep, mean);
			}
			if (call === firstCall) begin = sample.slice();
			history = [prediction, ...history].slice(0, 4);
			const weights = adamsBashforth[history.length - 1] as number[];
			const terms = history.map((values, age): Term => [weights[age] as number, values]);
			return transfer(sample, timestep, timestep - stride, sum(...(terms as [Term, ...Term[]])));
		}

		return {
			timesteps,
			initialSigma: 1,
			addNoise: (latents, noise, call) => mixed(latents, noise, partsOf(alphas[timesteps[call] as number] as number)),
			scaleInput: (sample) => sample,
			step: (prediction, call, sample) =>
				call < firstMultistep ? rungeKuttaStep(prediction, call, sample) : multistep(prediction, call, sample),
		};
	},
});

function repeatSecond([first, second, ...rest]: readonly number[]): number[] {
	return [first, second, second, ...rest].filter((timestep) => timestep !== undefined);
}

/** Each of the first three steps is begun, twice tried in its middle and ended. */
function withRungeKutta(spaced: readonly number[], half: number): number[] {
	const stages = spaced.slice(0, 3).flatMap((timestep, index) => {
		const next = spaced[index + 1] as number;
		return [timestep, next + half, next + half, next];
	});
	return [...stages, ...spaced.slice(3)];
}
