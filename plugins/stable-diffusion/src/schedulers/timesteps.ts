/**
 * Which training steps a walk visits: see table 2 of arXiv:2305.08891.
 *
 * The arithmetic is numpy's to the last bit, because halves are rounded afterwards.
 *
 * @module
 */
import { roundHalfEven } from "../rounding.ts";
import type { Spacing } from "./options.ts";

/** What decides the steps, as `scheduler_config.json` gives it. */
export interface TimestepOptions {
	readonly num_train_timesteps: number;
	readonly timestep_spacing: Spacing;
	readonly steps_offset: number;
}

/** The training steps to visit, noisiest first; those of `linspace` may be fractions. */
export function spacedTimesteps(config: TimestepOptions, steps: number): number[] {
	const { num_train_timesteps: trainSteps, steps_offset: offset } = config;
	switch (config.timestep_spacing) {
		case "linspace":
			return linspace(0, trainSteps - 1, steps).reverse();
		case "leading":
			return multiples(Math.floor(trainSteps / steps), steps, offset, trainSteps).reverse();
		case "trailing":
			return trailing(trainSteps, trainSteps / steps, steps);
	}
}

/**
 * The training steps that multistep solvers visit: one more is laid out, and the cleanest of them is left to the end.
 *
 * @param trainSteps How many of the training steps may be visited.
 */
export function multistepTimesteps(config: TimestepOptions, steps: number, trainSteps: number): number[] {
	switch (config.timestep_spacing) {
		case "linspace":
			return linspace(0, trainSteps - 1, steps + 1)
				.map(roundHalfEven)
				.reverse()
				.slice(0, steps);
		case "leading":
			return multiples(Math.floor(trainSteps / (steps + 1)), steps + 1, config.steps_offset, config.num_train_timesteps)
				.reverse()
				.slice(0, steps);
		case "trailing":
			return trailing(trainSteps, config.num_train_timesteps / steps, steps);
	}
}

/** numpy's linspace: multiples of a rounded stride, the end exact. */
export function linspace(start: number, end: number, length: number): number[] {
	const stride = (end - start) / (length - 1);
	return Array.from({ length }, (_, index) =>
		index === 0 ? start : index === length - 1 ? end : index * stride + start,
	);
}

function multiples(stride: number, length: number, offset: number, trainSteps: number): number[] {
	// With an offset, a walk over all training steps would begin one step beyond the last.
	return Array.from({ length }, (_, index) => Math.min(index * stride + offset, trainSteps - 1));
}

/** numpy's arange, which counts by the rounded difference of its first two numbers. */
function trailing(last: number, stride: number, steps: number): number[] {
	const difference = last - stride - last;
	const length = Math.min(Math.ceil(last / stride), steps);
	return Array.from({ length }, (_, index) => roundHalfEven(last + index * difference) - 1);
}
