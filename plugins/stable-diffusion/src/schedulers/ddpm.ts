/**
 * Denoising diffusion probabilistic models (Ho, Jain, Abbeel: arXiv:2006.11239).
 *
 * @module
 */
import { z } from "zod";
import { roundHalfEven } from "../rounding.ts";
import { clip, sum } from "./arrays.ts";
import { cumulatedAlphas } from "./betas.ts";
import { anyPrediction, clipping, scheduleOptions, spacing, zeroTerminalSnr } from "./options.ts";
import { mixed, partsOf, pictureIn } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";
import { spacedTimesteps } from "./timesteps.ts";

const { fround } = Math;

/** Keeps the variance of the last step from being zero, whose logarithm some variants take. */
const smallestVariance = fround(1e-20);

export const ddpm = defineScheduler({
	name: "ddpm",
	className: "DDPMScheduler",
	file: z.object({
		...scheduleOptions,
		...zeroTerminalSnr,
		...clipping,
		beta_schedule: z.enum(["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid"]).default("linear"),
		clip_sample: z.boolean().default(true),
		/** How much noise each step adds: the least or the most that equation 7 allows. */
		variance_type: z.enum(["fixed_small", "fixed_small_log", "fixed_large"]).default("fixed_small"),
		prediction_type: anyPrediction,
		timestep_spacing: spacing.default("leading"),
	}),
	stepRange: (config) => ({ min: 1, max: config.num_train_timesteps }),

	create(config, steps) {
		const alphas = cumulatedAlphas(config);
		const timesteps = spacedTimesteps(config, steps).map(roundHalfEven);
		const range = config.clip_sample ? config.clip_sample_range : undefined;

		return {
			timesteps,
			initialSigma: 1,
			addNoise: (latents, noise, call) => mixed(latents, noise, partsOf(alphas[timesteps[call] as number] as number)),
			scaleInput: (sample) => sample,
			step(prediction, call, sample, noise) {
				const timestep = timesteps[call] as number;
				const next = timesteps[call + 1];
				const alpha = alphas[timestep] as number;
				const nextAlpha = next === undefined ? 1 : (alphas[next] as number);
				const ratio = fround(alpha / nextAlpha);
				const [beta, nextBeta, ratioBeta] = [fround(1 - alpha), fround(1 - nextAlpha), fround(1 - ratio)];

				const picture = clip(pictureIn(config.prediction_type, prediction, sample, partsOf(alpha)), range);
				// Equation 7: the mean of the less noisy sample, given this one and the picture.
				const mean = sum(
					[(Math.sqrt(nextAlpha) * ratioBeta) / beta, picture],
					[(Math.sqrt(ratio) * nextBeta) / beta, sample],
				);
				if (timestep === 0) return mean;
				const least = Math.max(fround(fround(nextBeta / beta) * ratioBeta), smallestVariance);
				const variance = config.variance_type === "fixed_large" ? ratioBeta : least;
				return sum([1, mean], [Math.sqrt(variance), noise()]);
			},
		};
	},
});
