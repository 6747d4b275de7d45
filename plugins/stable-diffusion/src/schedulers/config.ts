/**
 * `scheduler_config.json` as diffusers writes it, read by its own class and by every other that can make sense of it.
 *
 * As in diffusers' `from_config`, what a file does not say has the default of the class that reads it.
 *
 * @module
 */
import { DeDiffusionError } from "dediffusion/plugin";
import { z } from "zod";
import { type SchedulerName, schedulerClasses } from "./known.ts";
import { fromNoise, type Scheduler, type SchedulerClass, type StepRange, type WalkStart } from "./scheduler.ts";

/** A walk, and where it begins. */
export interface StartedScheduler extends Scheduler {
	/** The first call that is made: 0 from noise alone, a later one from a picture. */
	readonly firstCall: number;
}

/** A scheduler with its configuration: starts walks of so many steps. */
export interface ConfiguredScheduler {
	readonly name: SchedulerName;
	/** How many steps a walk may have. */
	readonly stepRange: StepRange;
	/** Starts a walk, by default from noise alone. It remembers where it is: each walk needs one of its own. */
	start(steps: number, start?: WalkStart): StartedScheduler;
}

/** What a scheduler's configuration file holds, and where it is. */
export interface SchedulerFile {
	readonly path: string;
	readonly value: unknown;
}

/** The schedulers that a model can be drawn with. */
export class Schedulers {
	/** What {@link readSchedulers} made them of: functions do not cross threads, this does. */
	readonly file: SchedulerFile;
	/** The class that the file names. */
	readonly own: ConfiguredScheduler;
	readonly #known: ReadonlyMap<string, ConfiguredScheduler>;

	constructor(file: SchedulerFile, own: ConfiguredScheduler, others: readonly ConfiguredScheduler[]) {
		this.file = file;
		this.own = own;
		this.#known = new Map(others.map((scheduler) => [scheduler.name, scheduler]));
	}

	/** Names that {@link get} knows, the short ones. */
	get names(): readonly string[] {
		return [...this.#known.keys()];
	}

	/**
	 * A scheduler by its short name or by the name of its class in diffusers.
	 *
	 * @param input What to name in the error.
	 * @throws DeDiffusionError `SCHEDULER_UNKNOWN` naming the known ones.
	 */
	get(name: string, input: string): ConfiguredScheduler {
		const short = schedulerClasses.find(({ className }) => className === name)?.name ?? name;
		const scheduler = this.#known.get(short);
		if (scheduler) return scheduler;
		throw new DeDiffusionError(
			"SCHEDULER_UNKNOWN",
			`There is no scheduler "${name}" for this model; supported: ${this.names.join(", ")}`,
			{ input },
		);
	}
}

/**
 * Reads a scheduler's configuration file.
 *
 * @param path Named in errors.
 * @throws DeDiffusionError `SCHEDULER_UNKNOWN` for an unknown class, `MODEL_INVALID` for a value that it cannot honour.
 */
export function readSchedulers(value: unknown, path: string): Schedulers {
	const { _class_name: className } = z.looseObject({ _class_name: z.string() }).catch({ _class_name: "" }).parse(value);
	const ownClass = schedulerClasses.find((known) => known.className === className);
	if (ownClass === undefined) {
		const known = schedulerClasses.map((scheduler) => scheduler.className).join(", ");
		throw new DeDiffusionError(
			"SCHEDULER_UNKNOWN",
			`${path} asks for the scheduler ${className || "(none)"}; supported: ${known}`,
			{ input: path },
		);
	}
	const own = configure(ownClass, value);
	if ("error" in own) {
		throw new DeDiffusionError(
			"MODEL_INVALID",
			`The model file ${path} cannot be used: ${z.prettifyError(own.error)}`,
			{
				input: path,
				cause: own.error,
			},
		);
	}
	// Latents are not bounded by 1: that another class's file does not say so must not make this one cut them.
	const unbounded = { clip_sample: false, ...(value as object) };
	const all = schedulerClasses.flatMap((known) => {
		if (known === ownClass) return own;
		const other = configure(known, unbounded);
		return "error" in other ? [] : other;
	});
	return new Schedulers({ path, value }, own, all);
}

function configure(
	known: (typeof schedulerClasses)[number],
	value: unknown,
): ConfiguredScheduler | { error: z.ZodError } {
	// The one place that sees all classes at once: a file is read by a class's own schema and goes back to that class alone.
	const scheduler = known as unknown as SchedulerClass;
	const checked = scheduler.file.superRefine(hasOneCurve).superRefine(hasBetaForEachStep).safeParse(value);
	if (!checked.success) return { error: checked.error };
	return {
		name: known.name,
		stepRange: scheduler.stepRange(checked.data),
		start(steps, { skipped, share } = fromNoise) {
			const firstCall = skipped * (scheduler.callsPerStep ?? 1);
			return { ...scheduler.create(checked.data, steps, firstCall, share), firstCall };
		},
	};
}

function hasBetaForEachStep(config: Record<string, unknown>, context: z.RefinementCtx): void {
	const { trained_betas: betas, num_train_timesteps: trainSteps } = config;
	if (!Array.isArray(betas) || betas.length === trainSteps) return;
	context.addIssue({
		code: "custom",
		path: ["trained_betas"],
		message: "there must be one beta for each training step",
	});
}

function hasOneCurve(config: Record<string, unknown>, context: z.RefinementCtx): void {
	if (!(config.use_karras_sigmas && config.use_exponential_sigmas)) return;
	context.addIssue({
		code: "custom",
		path: ["use_exponential_sigmas"],
		message: "only one of use_karras_sigmas and use_exponential_sigmas can be used",
	});
}
