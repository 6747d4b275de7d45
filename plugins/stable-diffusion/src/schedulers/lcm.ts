/**
 * Latent consistency models (Luo and others, arXiv:2310.04378): each call predicts the picture itself, which is then
 * noised again for the next call.
 *
 * @module
 */
import { z } from "zod";
import { clip, sum } from "./arrays.ts";
import { cumulatedAlphas } from "./betas.ts";
import { anyPrediction, clipping, scheduleOptions, zeroTerminalSnr } from "./options.ts";
import { mixed, partsOf, pictureIn } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";

/** The standard deviation of the data that the boundary condition of consistency models assumes. */
const dataDeviation = 0.5;

export const lcm = defineScheduler({
	name: "lcm",
	className: "LCMScheduler",
	file: z
		.object({
			...scheduleOptions,
			...zeroTerminalSnr,
			...clipping,
			beta_start: z.number().positive().max(1).default(0.00085),
			beta_end: z.number().positive().max(1).default(0.012),
			beta_schedule: z.enum(["linear", "scaled_linear", "squaredcos_cap_v2"]).default("scaled_linear"),
			/** How many steps the distillation knew; a walk visits some of those. */
			original_inference_steps: z.int().min(1).default(50),
			clip_sample: z.boolean().default(false),
			timestep_scaling: z.number().positive().default(10),
			prediction_type: anyPrediction,
		})
		.refine((config) => config.original_inference_steps <= config.num_train_timesteps, {
			path: ["original_inference_steps"],
			message: "there cannot be more of them than training steps",
		}),
	stepRange: (config) => ({ min: 1, max: config.original_inference_steps }),

	create(config, steps, _firstCall, share) {
		const alphas = cumulatedAlphas(config);
		const original = config.original_inference_steps;
		const stride = Math.floor(config.num_train_timesteps / original);
		const highest = Math.max(Math.trunc(original * share), steps);
		const timesteps = Array.from({ length: steps }, (_, index) => {
			const known = highest - Math.floor(index * (highest / steps));
			return known * stride - 1;
		});
		const range = config.clip_sample ? config.clip_sample_range : undefined;

		return {
			timesteps,
			initialSigma: 1,
			addNoise: (latents, noise, call) => mixed(latents, noise, partsOf(alphas[timesteps[call] as number] as number)),
			scaleInput: (sample) => sample,
			step(prediction, call, sample, noise) {
				const timestep = timesteps[call] as number;
				const parts = partsOf(alphas[timestep] as number);
				const picture = clip(pictureIn(config.prediction_type, prediction, sample, parts), range);
				const { skip, out } = boundary(timestep * config.timestep_scaling);
				const denoised = sum([out, picture], [skip, sample]);
				const nextTimestep = timesteps[call + 1];
				if (nextTimestep === undefined) return denoised;
				const next = partsOf(alphas[nextTimestep] as number);
				return sum([next.signal, denoised], [next.noise, noise()]);
			},
		};
	},
});

/** Makes the model the identity where there is no noise (arXiv:2303.01469, appendix C). */
function boundary(time: number): { skip: number; out: number } {
	const square = time ** 2 + dataDeviation ** 2;
	return { skip: dataDeviation ** 2 / square, out: time / Math.sqrt(square) };
}
