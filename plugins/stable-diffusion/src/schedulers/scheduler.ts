/**
 * What a scheduler is: a class of diffusers, read from its file, that leads a sample from noise to picture.
 *
 * Numbers are rounded to float32 where diffusers rounds them, so that both walk the same path.
 *
 * @module
 */
import type { z } from "zod";

/** One walk from noise to picture. The model is called once for each timestep, in order, counted from 0. */
export interface Scheduler {
	/** Training steps to visit, noisiest first; what the U-Net is told. Some schedulers visit one more than once. */
	readonly timesteps: readonly number[];
	/** Noise over signal at each call and after the last one; only where the scheduler works with it. */
	readonly sigmas?: Float32Array;
	/** The standard deviation of the noise that the walk starts from. */
	readonly initialSigma: number;
	/** The sample that a walk from a picture's latents begins with at a call: the latents with that call's share of noise. */
	addNoise(latents: Float32Array, noise: Float32Array, call: number): Float32Array;
	/** The sample as the U-Net wants to see it at this call. */
	scaleInput(sample: Float32Array, call: number): Float32Array;
	/**
	 * The sample after this call, from the U-Net's prediction for it.
	 *
	 * @param noise Draws as many normal numbers as the sample has; called once per call by schedulers that add noise.
	 */
	step(prediction: Float32Array, call: number, sample: Float32Array, noise: () => Float32Array): Float32Array;
}

/** Where a walk from a picture starts; one from noise alone skips nothing and visits all levels. */
export interface WalkStart {
	/** How many of the steps are left out at the begin. */
	readonly skipped: number;
	/** The share of the noise levels, from the lowest up, that the steps are spread over: above 0 and up to 1. */
	readonly share: number;
}

/** From noise alone. */
export const fromNoise: WalkStart = { skipped: 0, share: 1 };

/** How many steps a walk may have. */
export interface StepRange {
	readonly min: number;
	readonly max: number;
}

/** A scheduler class of diffusers. */
export interface SchedulerClass<Name extends string = string, File extends z.ZodObject = z.ZodObject> {
	/** Under which requests and capabilities know it. */
	readonly name: Name;
	/** Under which `scheduler_config.json` knows it. */
	readonly className: string;
	/** The keys that the class has, with its own defaults. Other keys of a file are another class's and do not matter. */
	readonly file: File;
	readonly stepRange: (config: z.output<File>) => StepRange;
	/** How many calls belong to a step; 1 where it is left out. */
	readonly callsPerStep?: number;
	/**
	 * Lays out a walk.
	 *
	 * @param firstCall The call at which it begins; those before are laid out and not made. Solvers that go by earlier
	 *   calls have none to go by there.
	 * @param share See {@link WalkStart}; only `lcm` heeds it.
	 */
	readonly create: (config: z.output<File>, steps: number, firstCall: number, share: number) => Scheduler;
}

/** Names a scheduler class, so that `create` knows what its file holds. */
export function defineScheduler<const Name extends string, File extends z.ZodObject>(
	scheduler: SchedulerClass<Name, File>,
): SchedulerClass<Name, File> {
	return scheduler;
}
