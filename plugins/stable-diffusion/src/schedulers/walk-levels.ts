/**
 * The noise levels that Euler's and Heun's methods visit, and the training steps that belong to them.
 *
 * @module
 */
import { curveLevels, followsCurve, type LevelCurve, lengthOf, levelAt, logarithms, timestepAt } from "./sigmas.ts";
import { spacedTimesteps, type TimestepOptions } from "./timesteps.ts";

export interface LevelWalk {
	/** As fractions of training steps, in float32. */
	readonly timesteps: readonly number[];
	/** One level for each timestep; where the walk ends is the scheduler's own business. */
	readonly sigmas: readonly number[];
	/** The standard deviation that a walk over these levels starts from. */
	initialSigma(sigmas: Float32Array): number;
}

/** Ends of a curve, instead of the noisiest and the cleanest level visited. */
interface Ends {
	readonly sigma_min?: number | null | undefined;
	readonly sigma_max?: number | null | undefined;
}

/**
 * Lays out a walk.
 *
 * @param levels Noise over signal at each training step.
 * @param given Levels to use instead of those of the training steps visited.
 */
export function walkLevels(
	config: TimestepOptions & LevelCurve & Ends,
	levels: Float32Array,
	steps: number,
	given?: readonly number[],
): LevelWalk {
	const spaced = spacedTimesteps(config, steps).map(Math.fround);
	const initialSigma = (sigmas: Float32Array) => {
		const highest = Math.max(...sigmas);
		return config.timestep_spacing === "leading" ? lengthOf(highest) : highest;
	};
	const visited = given ?? spaced.map((timestep) => levelAt(levels, timestep));
	if (!followsCurve(config)) return { timesteps: spaced, sigmas: visited, initialSigma };

	const highest = config.sigma_max ?? (visited[0] as number);
	const lowest = config.sigma_min ?? (visited.at(-1) as number);
	const sigmas = curveLevels(config, highest, lowest, steps);
	const logLevels = logarithms(levels);
	return { timesteps: sigmas.map((sigma) => Math.fround(timestepAt(logLevels, sigma))), sigmas, initialSigma };
}
