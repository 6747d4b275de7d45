/**
 * Heun's method over noise levels (Karras and others, arXiv:2206.00364, algorithm 1): each step but the last is
 * corrected by the slope at its end, which takes a second call of the model.
 *
 * @module
 */
import { z } from "zod";
import { clip, divided } from "./arrays.ts";
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
			const slope = new Float32Array(sample.length);
			for (let index = 0; index < slope.length; index++) {
				slope[index] = fround((sample[index] as number) - (picture[index] as number)) / sigma;
			}
			return slope;
		}

		return {
			timesteps: twiceButFirst(walk.timesteps),
			sigmas,
			initialSigma: walk.initialSigma(sigmas),
			addNoise: (latents, noise, call) => mixed(latents, noise, { signal: 1, noise: sigmas[call] as number }),
			scaleInput: (sample, call) => divided(sample, lengthOf(sigmas[call] as number)),
			step(prediction, call, sample) {
				const isCorrection = call % 2 === 1;
				const slope = slopeAt(prediction, sample, sigmas[call] as number);
				if (!isCorrection) {
					begin = sample.slice();
					beginSlope = slope;
					return moved(begin, slope, fround((sigmas[call + 1] as number) - (sigmas[call] as number)));
				}
				const distance = fround((sigmas[call] as number) - (sigmas[call - 1] as number));
				return moved(begin, meanOf(beginSlope, slope), distance);
			},
		};
	},
});

/** A sample after a distance along a slope. */
function moved(sample: Float32Array, slope: Float32Array, distance: number): Float32Array {
	const next = new Float32Array(sample.length);
	for (let index = 0; index < next.length; index++) {
		next[index] = (sample[index] as number) + fround((slope[index] as number) * distance);
	}
	return next;
}

function meanOf(first: Float32Array, second: Float32Array): Float32Array {
	const mean = new Float32Array(first.length);
	for (let index = 0; index < mean.length; index++) {
		mean[index] = fround((first[index] as number) + (second[index] as number)) / 2;
	}
	return mean;
}

function twiceButFirst([first, ...rest]: readonly number[]): number[] {
	return [first as number, ...rest.flatMap((value) => [value, value])];
}
