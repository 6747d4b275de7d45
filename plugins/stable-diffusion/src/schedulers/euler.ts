/**
 * Euler's method over noise levels (Karras and others, arXiv:2206.00364, algorithm 2 without churn).
 *
 * @module
 */
import { z } from "zod";
import { divided } from "./arrays.ts";
import { anyPrediction, scheduleOptions, sigmaSchedules, spacing, zeroTerminalSnr } from "./options.ts";
import { alongSlope, mixed, pictureAtLevel } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";
import { exponentialLevels, lengthOf, noiseLevels } from "./sigmas.ts";
import { walkLevels } from "./walk-levels.ts";

export const euler = defineScheduler({
	name: "euler",
	className: "EulerDiscreteScheduler",
	file: z.object({
		...scheduleOptions,
		...zeroTerminalSnr,
		...sigmaSchedules,
		prediction_type: z.preprocess((name) => (name === "original_sample" ? "sample" : name), anyPrediction),
		timestep_spacing: spacing.default("linspace"),
		/** How levels lie between the training steps: as the schedule has them, or in equal ratios over all of it. */
		interpolation_type: z.enum(["linear", "log_linear"]).default("linear"),
		/** What the U-Net is told: training steps, or a quarter of the level's logarithm as in EDM. */
		timestep_type: z.enum(["discrete", "continuous"]).default("discrete"),
		/** Ends of a curve of levels; default: those of the steps visited. */
		sigma_min: z.number().positive().nullish(),
		sigma_max: z.number().positive().nullish(),
		/** Where the last step ends. */
		final_sigmas_type: z.enum(["zero", "sigma_min"]).default("zero"),
	}),
	stepRange: (config) => ({ min: 1, max: config.num_train_timesteps }),

	create(config, steps) {
		const levels = noiseLevels(config);
		const last = config.final_sigmas_type === "zero" ? 0 : (levels[0] as number);
		const given = config.interpolation_type === "log_linear" ? ratioLevels(levels, steps) : undefined;
		const walk = walkLevels(config, levels, steps, given);
		const sigmas = Float32Array.from([...walk.sigmas, last]);
		const isContinuous = config.timestep_type === "continuous" && config.prediction_type === "v_prediction";

		return {
			timesteps: isContinuous ? [...sigmas.slice(0, -1)].map((sigma) => 0.25 * Math.log(sigma)) : walk.timesteps,
			sigmas,
			initialSigma: walk.initialSigma(sigmas),
			addNoise: (latents, noise, call) => mixed(latents, noise, { signal: 1, noise: sigmas[call] as number }),
			scaleInput: (sample, call) => divided(sample, lengthOf(sigmas[call] as number)),
			step(prediction, call, sample) {
				const sigma = sigmas[call] as number;
				const distance = Math.fround((sigmas[call + 1] as number) - sigma);
				const picture = pictureAtLevel(config.prediction_type, prediction, sample, sigma);
				return alongSlope(sample, picture, sigma, distance);
			},
		};
	},
});

/** All levels in equal ratios, one more than steps: such a walk ends at the lowest instead of at none. */
function ratioLevels(levels: Float32Array, steps: number): number[] {
	return exponentialLevels(levels.at(-1) as number, levels[0] as number, steps + 1);
}
