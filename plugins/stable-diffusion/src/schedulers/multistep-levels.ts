/**
 * The noise levels that multistep solvers visit, and the training steps that belong to them.
 *
 * @module
 */
import { roundHalfEven } from "../rounding.ts";
import { levelAt, logarithms, timestepAt } from "./sigmas.ts";

export interface MultistepWalk {
	/** Whole training steps. */
	readonly timesteps: readonly number[];
	/** One level for each timestep. */
	readonly sigmas: readonly number[];
}

/** A walk over the levels of training steps. */
export function levelsOf(timesteps: readonly number[], levels: Float32Array): MultistepWalk {
	return { timesteps, sigmas: timesteps.map((timestep) => levelAt(levels, timestep)) };
}

/**
 * A walk over levels of its own choice.
 *
 * @param isRounded Whether the training steps that belong to them are rounded; otherwise they are cut, as diffusers cuts them.
 */
export function timestepsOf(sigmas: readonly number[], levels: Float32Array, isRounded: boolean): MultistepWalk {
	const logLevels = logarithms(levels);
	const toWhole = isRounded ? roundHalfEven : Math.trunc;
	return { timesteps: sigmas.map((sigma) => toWhole(timestepAt(logLevels, sigma))), sigmas };
}
