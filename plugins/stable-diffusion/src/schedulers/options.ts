/**
 * Keys of `scheduler_config.json` that several classes share. Their meaning is the one that diffusers documents.
 *
 * @module
 */
import { z } from "zod";

const off = (what: string, known: string) =>
	z.literal(false, `${what} is not supported; supported: ${known}`).nullish();

const thresholding = off("dynamic thresholding", "false");

/** Every class: how noise grows over the training steps, and which of those are visited. */
export const scheduleOptions = {
	num_train_timesteps: z.int().min(1).max(100_000).default(1000),
	beta_start: z.number().positive().max(1).default(0.0001),
	beta_end: z.number().positive().max(1).default(0.02),
	beta_schedule: z.enum(["linear", "scaled_linear", "squaredcos_cap_v2"]).default("linear"),
	/** Instead of a formula: one beta for each training step. */
	trained_betas: z.array(z.number().min(0).max(1)).nullish(),
	steps_offset: z.int().min(0).default(0),
};

export const predictions = ["epsilon", "v_prediction", "sample"] as const;
export type Prediction = (typeof predictions)[number];

/** What the U-Net was taught to predict: the noise, the velocity between noise and picture, or the picture. */
export const anyPrediction = z.enum(predictions).default("epsilon");
export const noiseOrVelocity = z.enum(["epsilon", "v_prediction"]).default("epsilon");

/** See table 2 of arXiv:2305.08891. */
export const spacing = z.enum(["linspace", "leading", "trailing"]);
export type Spacing = z.output<typeof spacing>;

export const zeroTerminalSnr = { rescale_betas_zero_snr: z.boolean().default(false) };

/** Classes that bound the predicted picture; `clip_sample` has no common default. */
export const clipping = { clip_sample_range: z.number().positive().default(1), thresholding };

/** Classes that can choose their noise levels freely. At most one of the three may be on. */
export const sigmaSchedules = {
	use_karras_sigmas: z.boolean().nullish(),
	use_exponential_sigmas: z.boolean().nullish(),
	use_beta_sigmas: off("the beta schedule", "use_karras_sigmas, use_exponential_sigmas"),
};

/** Classes that solve the differential equation in several steps. */
export const solverOptions = {
	thresholding,
	use_flow_sigmas: off("flow matching", "false"),
	use_dynamic_shifting: off("dynamic shifting", "false"),
	lower_order_final: z.boolean().default(true),
	final_sigmas_type: z.enum(["zero", "sigma_min"]).default("zero"),
};
