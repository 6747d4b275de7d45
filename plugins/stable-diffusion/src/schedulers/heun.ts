/**
 * Heun's method over noise levels (Karras and others, arXiv:2206.00364, algorithm 1): each step but the last is
 * corrected by the slope at its end, which takes a second call of the model.
 *
 * @module
 */
import { z } from "zod";
import { clip } from "./arrays.ts";
import { anyPrediction, clipping, scheduleOptions, sigmaSchedules, spacing } from "./options.ts";
import { mixed, pictureAtLevel } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";
import { lengthOf, noiseLevels } from "./sigmas.ts";
import { walkLevels } from "./walk-levels.ts";

const { fround } = Math;

export const heun = defineScheduler({
	name: "heun",
	className: "HeunDiscreteScheduler",
	file: z.object({
		...scheduleOptions,
		...sigmaSchedules,
		...clipping,
		beta_start: z.number().positive().max(1).default(0.00085),
		beta_end: z.number().positive().max(1).default(0.012),
		beta_schedule: z.enum(["linear", "scaled_linear", "squaredcos_cap_v2", "exp"]).default("linear"),
		clip_sample: z.boolean().default(false),
		prediction_type: anyPrediction,
		timestep_spacing: spacing.default("linspace"),
	}),
	stepRange: (config) => ({ min: 1, max: config.num_train_timesteps }),
	callsPerStep: 2,

	create(config, steps) {
		const walk = walkLevels(config, noiseLevels(config), steps);
		const sigmas = Float32Array.from([...twiceButFirst(walk.sigmas), 0]);
		const range = config.clip_sample ? config.clip_sample_range : undefined;
		/** Where the step under way began, and the slope there. */
		let begin = new Float32Array();
		let beginSlope = new Float32Array();

		function slopeAt(prediction: Float32Array, sample: Float32Array, sigma: number): Float32Array<ArrayBuffer> {
			const picture = clip(pictureAtLevel(config.prediction_type, prediction, sample, sigma), range);
			return Float32Array.from(sample, (value, index) => fround(value - (picture[index] as number)) / sigma);
		}

		return {
			timesteps: twiceButFirst(walk.timesteps),
			sigmas,
			initialSigma: walk.initialSigma(sigmas),
			addNoise: (latents, noise, call) => mixed(latents, noise, { signal: 1, noise: sigmas[call] as number }),
			scaleInput(sample, call) {
				const length = lengthOf(sigmas[call] as number);
				return sample.map((value) => value / length);
			},
			step(prediction, call, sample) {
				const isCorrection = call % 2 === 1;
				const slope = slopeAt(prediction, sample, sigmas[call] as number);
				if (!isCorrection) {
					begin = Float32Array.from(sample);
					beginSlope = slope;
					const distance = fround((sigmas[call + 1] as number) - (sigmas[call] as number));
					return begin.map((value, index) => value + fround((slope[index] as number) * distance));
				}
				const distance = fround((sigmas[call] as number) - (sigmas[call - 1] as number));
				return begin.map((value, index) => {
					const mean = fround((beginSlope[index] as number) + (slope[index] as number)) / 2;
					return value + fround(mean * distance);
				});
			},
		};
	},
});

function twiceButFirst([first, ...rest]: readonly number[]): number[] {
	return [first as number, ...rest.flatMap((value) => [value, value])];
}
