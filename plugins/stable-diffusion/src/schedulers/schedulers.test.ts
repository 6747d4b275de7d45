import { describe, expect, it } from "vitest";
import { readParity, type WalkFixture } from "../testing/parity.ts";
import { createScheduler, readSchedulerConfig } from "./config.ts";
import { roundHalfEven } from "./schedule.ts";

const path = "scheduler_config.json";

const largest = (numbers: readonly number[]) => Math.max(1, ...numbers.map(Math.abs));

/** The largest difference, as a share of the size of the numbers that went into them. */
function distance(actual: ArrayLike<number>, expected: readonly number[], size = largest(expected)): number {
	return Math.max(...expected.map((value, index) => Math.abs((actual[index] as number) - value))) / size;
}

const title = ({ config, steps }: WalkFixture) => `${steps} steps of ${Object.values(config).join(" ")}`;

describe("walks as diffusers does", () => {
	it.each(readParity().schedulers.map((walk) => [title(walk), walk] as const))("%s", (_, walk) => {
		const config = readSchedulerConfig(walk.config, path);
		const scheduler = createScheduler(config, config.name, walk.steps);
		expect(distance(scheduler.timesteps, walk.timesteps)).toBeLessThan(1e-6);
		expect(scheduler.timesteps).toHaveLength(walk.timesteps.length);
		expect(Math.abs(scheduler.initialSigma / walk.initialSigma - 1)).toBeLessThan(1e-6);
		for (const [step, prediction] of walk.predictions.entries()) {
			const before = walk.samples[step - 1] ?? walk.start;
			const sample = Float32Array.from(before);
			expect(distance(scheduler.scaleInput(sample, step), walk.inputs[step] as number[])).toBeLessThan(1e-6);
			// From pure noise of sigma 4096 down to 4 a step cancels three digits, so what it started from is the measure.
			const after = scheduler.step(Float32Array.from(prediction), step, sample);
			expect(distance(after, walk.samples[step] as number[], largest(before))).toBeLessThan(2e-6);
		}
	});
});

describe("a scheduler's file", () => {
	it("of an unknown class is refused with the known ones", () => {
		for (const _class_name of ["PNDMScheduler", "constructor", undefined]) {
			expect(() => readSchedulerConfig({ _class_name }, path)).toThrow(
				expect.objectContaining({
					code: "SCHEDULER_UNKNOWN",
					message: expect.stringContaining("DDIMScheduler, EulerDiscreteScheduler"),
				}),
			);
		}
	});

	it.each([
		{ use_karras_sigmas: true },
		{ thresholding: true },
		{ prediction_type: "sample" },
		{ beta_schedule: "sigmoid" },
		{ num_train_timesteps: 0 },
		{ trained_betas: [0.1, 0.2] },
	])("with %j is refused by the name of the key", (entry) => {
		expect(() => readSchedulerConfig({ _class_name: "EulerDiscreteScheduler", ...entry }, path)).toThrow(
			expect.objectContaining({
				code: "MODEL_INVALID",
				message: expect.stringContaining(Object.keys(entry)[0] as string),
			}),
		);
	});

	it("of Euler does not make DDIM cut latents", () => {
		expect(readSchedulerConfig({ _class_name: "EulerDiscreteScheduler" }, path).clipRange).toBeUndefined();
		expect(readSchedulerConfig({ _class_name: "DDIMScheduler" }, path).clipRange).toBe(1);
	});
});

it("takes as many steps as there are training steps", () => {
	const file = { _class_name: "DDIMScheduler", num_train_timesteps: 61, steps_offset: 1 };
	for (const timestep_spacing of ["leading", "trailing", "linspace"]) {
		const { timesteps } = createScheduler(readSchedulerConfig({ ...file, timestep_spacing }, path), "ddim", 61);
		expect(timesteps).toHaveLength(61);
		expect(timesteps.every((timestep) => timestep >= 0 && timestep < 61)).toBe(true);
	}
});

it("rounds halves to even", () => {
	expect([0.5, 1.5, 2.5, 812.5, -0.5, 1.49].map(roundHalfEven).map(Math.abs)).toEqual([0, 2, 2, 812, 0, 1]);
});
