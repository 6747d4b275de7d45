/**
 * Denoising diffusion implicit models (Song, Meng, Ermon: arXiv:2010.02502) without added noise (eta 0).
 *
 * @module
 */
import { z } from "zod";
import { roundHalfEven } from "../rounding.ts";
import { clip, sum } from "./arrays.ts";
import { cumulatedAlphas } from "./betas.ts";
import { anyPrediction, clipping, scheduleOptions, spacing, zeroTerminalSnr } from "./options.ts";
import { epsilonIn, mixed, partsOf, pictureIn } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";
import { spacedTimesteps } from "./timesteps.ts";

export const ddim = defineScheduler({
	name: "ddim",
	className: "DDIMScheduler",
	file: z.object({
		...scheduleOptions,
		...zeroTerminalSnr,
		...clipping,
		clip_sample: z.boolean().default(true),
		/** Whether the last step goes to a signal without any noise, instead of to the first training step's. */
		set_alpha_to_one: z.boolean().default(true),
		prediction_type: anyPrediction,
		timestep_spacing: spacing.default("leading"),
	}),
	stepRange: (config) => ({ min: 1, max: config.num_train_timesteps }),

	create(config, steps) {
		const alphas = cumulatedAlphas(config);
		const timesteps = spacedTimesteps(config, steps).map(roundHalfEven);
		const stride = Math.floor(config.num_train_timesteps / steps);
		const finalAlpha = config.set_alpha_to_one ? 1 : (alphas[0] as number);
		const range = config.clip_sample ? config.clip_sample_range : undefined;

		return {
			timesteps,
			initialSigma: 1,
			addNoise: (latents, noise, call) => mixed(latents, noise, partsOf(alphas[timesteps[call] as number] as number)),
			scaleInput: (sample) => sample,
			step(prediction, call, sample) {
				const timestep = timesteps[call] as number;
				const parts = partsOf(alphas[timestep] as number);
				const next = partsOf(alphas[timestep - stride] ?? finalAlpha);
				// Equation 12: the picture and the noise that the sample is made of, as the model sees them.
				const picture = clip(pictureIn(config.prediction_type, prediction, sample, parts), range);
				const epsilon = epsilonIn(config.prediction_type, prediction, sample, parts);
				return sum([next.signal, picture], [next.noise, epsilon]);
			},
		};
	},
});
