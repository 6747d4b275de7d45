/**
 * `scheduler_config.json` as diffusers writes it; what is not written has the default of the scheduler's class.
 *
 * @module
 */
import { DeDiffusionError } from "dediffusion/plugin";
import { z } from "zod";
import { createDdim } from "./ddim.ts";
import { createEuler } from "./euler.ts";
import { type Scheduler, type SchedulerConfig, type SchedulerName, schedulerNames } from "./schedule.ts";

const classes: Readonly<Record<string, SchedulerName>> = { DDIMScheduler: "ddim", EulerDiscreteScheduler: "euler" };

const off = (what: string) => z.literal(false, `${what} is not supported`).nullish();

const file = z
	.looseObject({
		num_train_timesteps: z.int().min(1).max(100_000).default(1000),
		beta_start: z.number().positive().max(1).default(0.0001),
		beta_end: z.number().positive().max(1).default(0.02),
		beta_schedule: z.enum(["linear", "scaled_linear", "squaredcos_cap_v2"]).default("linear"),
		trained_betas: z.array(z.number().min(0).max(1)).nullish(),
		prediction_type: z.enum(["epsilon", "v_prediction"]).default("epsilon"),
		timestep_spacing: z.enum(["leading", "trailing", "linspace"]).optional(),
		steps_offset: z.int().min(0).default(0),
		rescale_betas_zero_snr: z.boolean().default(false),
		set_alpha_to_one: z.boolean().default(true),
		clip_sample: z.boolean().optional(),
		clip_sample_range: z.number().positive().default(1),
		final_sigmas_type: z.enum(["zero", "sigma_min"]).default("zero"),
		interpolation_type: z.literal("linear", "only linear interpolation is supported").default("linear"),
		timestep_type: z.literal("discrete", "only discrete timesteps are supported").default("discrete"),
		thresholding: off("thresholding"),
		use_karras_sigmas: off("the Karras schedule"),
		use_exponential_sigmas: off("the exponential schedule"),
		use_beta_sigmas: off("the beta schedule"),
	})
	.refine((config) => config.trained_betas == null || config.trained_betas.length === config.num_train_timesteps, {
		path: ["trained_betas"],
		message: "there must be one beta for each training step",
	});

/**
 * Checks a scheduler's configuration file.
 *
 * @param path Named in errors.
 * @throws DeDiffusionError `SCHEDULER_UNKNOWN` for another class, `MODEL_INVALID` for a value that cannot be honoured.
 */
export function readSchedulerConfig(value: unknown, path: string): SchedulerConfig {
	const { _class_name: className } = z.looseObject({ _class_name: z.string() }).catch({ _class_name: "" }).parse(value);
	const name = Object.hasOwn(classes, className) ? classes[className] : undefined;
	if (name === undefined) {
		throw new DeDiffusionError(
			"SCHEDULER_UNKNOWN",
			`${path} asks for the scheduler ${className || "(none)"}; supported: ${Object.keys(classes).join(", ")}`,
			{ input: path },
		);
	}
	const checked = file.safeParse(value);
	if (!checked.success) {
		throw new DeDiffusionError(
			"MODEL_INVALID",
			`The model file ${path} cannot be used: ${z.prettifyError(checked.error)}`,
			{ input: path, cause: checked.error },
		);
	}
	const config = checked.data;
	return {
		name,
		trainSteps: config.num_train_timesteps,
		betaStart: config.beta_start,
		betaEnd: config.beta_end,
		betaSchedule: config.beta_schedule,
		trainedBetas: config.trained_betas ?? undefined,
		prediction: config.prediction_type,
		spacing: config.timestep_spacing ?? (name === "ddim" ? "leading" : "linspace"),
		stepsOffset: config.steps_offset,
		zeroTerminalSnr: config.rescale_betas_zero_snr,
		setAlphaToOne: config.set_alpha_to_one,
		// DDIM's own default suits pixels. Another scheduler's file says nothing of it, and latents are not bounded by 1.
		clipRange: (config.clip_sample ?? name === "ddim") ? config.clip_sample_range : undefined,
		finalSigma: config.final_sigmas_type,
	};
}

/**
 * Starts a walk of `steps` steps.
 *
 * @param name Overrides the configuration's own scheduler.
 * @throws DeDiffusionError `SCHEDULER_UNKNOWN` naming the known ones.
 */
export function createScheduler(config: SchedulerConfig, name: string, steps: number): Scheduler {
	switch (name) {
		case "ddim":
			return createDdim(config, steps);
		case "euler":
			return createEuler(config, steps);
		default:
			throw new DeDiffusionError(
				"SCHEDULER_UNKNOWN",
				`There is no scheduler "${name}"; supported: ${schedulerNames.join(", ")}`,
				{ input: "settings.scheduler" },
			);
	}
}
