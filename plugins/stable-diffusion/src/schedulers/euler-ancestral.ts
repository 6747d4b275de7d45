/**
 * Ancestral sampling with Euler's method: each step goes below its level and comes back up with fresh noise.
 *
 * As in k-diffusion by Katherine Crowson, after equation 16 of arXiv:2011.13456.
 *
 * @module
 */
import { z } from "zod";
import { divided, sum } from "./arrays.ts";
import { noiseOrVelocity, scheduleOptions, spacing, zeroTerminalSnr } from "./options.ts";
import { alongSlope, mixed, pictureAtLevel } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";
import { lengthOf, noiseLevels } from "./sigmas.ts";
import { walkLevels } from "./walk-levels.ts";

const { fround } = Math;

export const eulerAncestral = defineScheduler({
	name: "euler-ancestral",
	className: "EulerAncestralDiscreteScheduler",
	file: z.object({
		...scheduleOptions,
		...zeroTerminalSnr,
		prediction_type: noiseOrVelocity,
		timestep_spacing: spacing.default("linspace"),
	}),
	stepRange: (config) => ({ min: 1, max: config.num_train_timesteps }),

	create(config, steps) {
		const walk = walkLevels(config, noiseLevels(config), steps);
		const sigmas = Float32Array.from([...walk.sigmas, 0]);

		return {
			timesteps: walk.timesteps,
			sigmas,
			initialSigma: walk.initialSigma(sigmas),
			addNoise: (latents, noise, call) => mixed(latents, noise, { signal: 1, noise: sigmas[call] as number }),
			scaleInput: (sample, call) => divided(sample, lengthOf(sigmas[call] as number)),
			step(prediction, call, sample, noise) {
				const [from, to] = [sigmas[call] as number, sigmas[call + 1] as number];
				const { up, down } = ancestralStep(from, to);
				const distance = fround(down - from);
				const picture = pictureAtLevel(config.prediction_type, prediction, sample, from);
				return sum([1, alongSlope(sample, picture, from, distance)], [up, noise()]);
			},
		};
	},
});

/** How far down to go, and how much noise to add, to arrive at a level with the right variance. */
function ancestralStep(from: number, to: number): { up: number; down: number } {
	const [fromSquare, toSquare] = [fround(from * from), fround(to * to)];
	const up = fround(Math.sqrt(fround(fround(toSquare * fround(fromSquare - toSquare)) / fromSquare)));
	// Rounding makes this a little less than nothing where a step ends far below its beginning; diffusers draws no picture then.
	const downSquare = Math.max(0, fround(toSquare - fround(up * up)));
	return { up, down: fround(Math.sqrt(downSquare)) };
}
