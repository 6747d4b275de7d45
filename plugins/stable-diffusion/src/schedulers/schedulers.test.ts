import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../noise.ts";
import { readGolden, type WalkFixture, type WalkFixtures } from "../testing/golden.ts";
import { readSchedulers } from "./config.ts";
import { schedulerClasses, schedulerNames } from "./known.ts";

const path = "scheduler_config.json";
const { kept, callsKept, cases } = readGolden<WalkFixtures>("schedulers.json.gz");
const sampleSize = 16;
const tolerance = 1e-5;

type Config = WalkFixtures["cases"][number]["config"];

/** The model that the reference was walked with, in float32. */
function toyModel(sample: Float32Array, timestep: number): Float32Array {
	const time = Math.fround(Math.fround(0.0002) * Math.fround(timestep));
	return sample.map((value) => Math.fround(Math.fround(0.3) * value) + time);
}

/** Walks as the reference was walked; gives the numbers that it kept. */
function walk(config: Config, steps: number): WalkFixture {
	const scheduler = readSchedulers(config, path).own.start(steps);
	const random = seededRandom(steps);
	const { timesteps, initialSigma } = scheduler;
	let sample: Float32Array = random.normal(sampleSize).map((value) => value * initialSigma);
	const samples: number[][] = [];
	for (const [call, timestep] of timesteps.entries()) {
		const prediction = toyModel(scheduler.scaleInput(sample, call), timestep);
		sample = scheduler.step(prediction, call, sample, () => random.normal(sampleSize));
		if (call < callsKept || call === timesteps.length - 1) samples.push(kept.map((index) => sample[index] as number));
	}
	return { steps, timesteps, sigmas: scheduler.sigmas ? [...scheduler.sigmas] : null, initialSigma, samples };
}

const largest = (numbers: readonly number[]) => Math.max(1, ...numbers.map(Math.abs));

/** The largest difference, as a share of a size. */
function distance(actual: readonly number[], expected: readonly number[], size: number): number {
	return Math.max(...expected.map((number, index) => Math.abs((actual[index] as number) - number))) / size;
}

/** Whether timesteps are computed from levels through logarithms, whose last bit is the machine's. */
function hasComputedTimesteps({ _class_name, ...config }: Config): boolean {
	const curve = config.use_karras_sigmas || config.use_exponential_sigmas;
	const isFractional = ["EulerDiscreteScheduler", "HeunDiscreteScheduler"].includes(_class_name as string);
	return config.timestep_type === "continuous" || Boolean(curve && isFractional);
}

describe("walks as diffusers does", () => {
	const title = (config: Config) => Object.values(config).join(" ");

	it.each(cases.map(({ config, walks }) => [title(config), config, walks] as const))("%s", (_, config, walks) => {
		for (const expected of walks) {
			const actual = walk(config, expected.steps);
			const message = `${expected.steps} steps`;
			expect(actual.timesteps, message).toHaveLength(expected.timesteps.length);
			if (hasComputedTimesteps(config)) {
				expect(distance(actual.timesteps, expected.timesteps, largest(expected.timesteps))).toBeLessThan(tolerance);
			} else {
				expect(actual.timesteps, message).toEqual(expected.timesteps.map(Math.fround));
			}
			expect(Math.abs(actual.initialSigma / expected.initialSigma - 1), message).toBeLessThan(tolerance);
			for (const [index, sigma] of (actual.sigmas ?? []).entries()) {
				const wanted = expected.sigmas?.[index] as number;
				expect(Math.abs(sigma - wanted), message).toBeLessThan(tolerance * Math.max(1, wanted));
			}
			// A step cancels digits of what it starts from, so that is the measure.
			let before = 3 * expected.initialSigma;
			for (const [call, numbers] of expected.samples.entries()) {
				const size = Math.max(before, largest(numbers));
				expect(distance(actual.samples[call] as number[], numbers, size), message).toBeLessThan(tolerance);
				before = largest(numbers);
			}
		}
	});
});

describe("a scheduler's file", () => {
	it.each(["FlowMatchEulerDiscreteScheduler", "constructor", undefined])(
		"of the class %s is refused with the known ones",
		(_class_name) => {
			expect(() => readSchedulers({ _class_name }, path)).toThrow(
				expect.objectContaining({
					code: "SCHEDULER_UNKNOWN",
					message: expect.stringContaining(schedulerClasses.map(({ className }) => className).join(", ")),
				}),
			);
		},
	);

	it.each([
		["EulerDiscreteScheduler", { use_beta_sigmas: true }, "use_karras_sigmas, use_exponential_sigmas"],
		["EulerDiscreteScheduler", { use_karras_sigmas: true, use_exponential_sigmas: true }, "only one"],
		["EulerDiscreteScheduler", { beta_schedule: "sigmoid" }, '"scaled_linear"'],
		["EulerDiscreteScheduler", { num_train_timesteps: 0 }, "num_train_timesteps"],
		["EulerDiscreteScheduler", { trained_betas: [0.1, 0.2] }, "trained_betas"],
		["EulerDiscreteScheduler", { timestep_spacing: "even" }, '"linspace"|"leading"|"trailing"'],
		["EulerAncestralDiscreteScheduler", { prediction_type: "sample" }, '"epsilon"|"v_prediction"'],
		["PNDMScheduler", { prediction_type: "sample" }, '"epsilon"|"v_prediction"'],
		["DDIMScheduler", { thresholding: true }, "supported: false"],
		["DDPMScheduler", { variance_type: "learned" }, '"fixed_small"|"fixed_small_log"|"fixed_large"'],
		["DPMSolverMultistepScheduler", { algorithm_type: "dpmsolver" }, "supported: sigma_min"],
		["DPMSolverMultistepScheduler", { solver_order: 4 }, "solver_order"],
		["DPMSolverMultistepScheduler", { use_flow_sigmas: true }, "flow matching"],
		["UniPCMultistepScheduler", { predict_x0: false }, "supported: sigma_min"],
		["LCMScheduler", { original_inference_steps: 2000 }, "original_inference_steps"],
	])("of %s with %j is refused with what is known", (_class_name, entry, message) => {
		expect(() => readSchedulers({ _class_name, ...entry }, path)).toThrow(
			expect.objectContaining({ code: "MODEL_INVALID", message: expect.stringContaining(message) }),
		);
	});

	it("may carry what only other classes have", () => {
		const file = {
			_class_name: "EulerAncestralDiscreteScheduler",
			algorithm_type: "unheard of",
			use_beta_sigmas: true,
		};
		const { names } = readSchedulers(file, path);
		expect(names).toContain("euler-ancestral");
		expect(names).not.toContain("dpm-solver");
		expect(names).not.toContain("euler");
	});

	it("is read by every class that can make sense of it, under the short name and diffusers' own", () => {
		const schedulers = readSchedulers({ _class_name: "PNDMScheduler", skip_prk_steps: true }, path);
		expect(schedulers.own.name).toBe("pndm");
		expect(schedulers.names).toEqual(schedulerNames);
		for (const { name, className } of schedulerClasses) {
			expect(schedulers.get(name, "scheduler")).toBe(schedulers.get(className, "scheduler"));
		}
		expect(() => schedulers.get("plms", "settings.scheduler")).toThrow(
			expect.objectContaining({
				code: "SCHEDULER_UNKNOWN",
				input: "settings.scheduler",
				message: expect.stringContaining(schedulerNames.join(", ")),
			}),
		);
	});

	it("of Euler does not make DDIM cut latents", () => {
		const far = Float32Array.of(50, -50);
		const step = (_class_name: string) =>
			readSchedulers({ _class_name }, path)
				.get("ddim", "scheduler")
				.start(1)
				.step(new Float32Array(2), 0, far, () => far);
		expect(Math.abs(step("EulerDiscreteScheduler")[0] as number)).toBeGreaterThan(40);
		expect([...step("DDIMScheduler")]).toEqual([1, -1]);
	});
});

describe("any walk", () => {
	const configs = fc.record({
		_class_name: fc.constantFrom(...schedulerClasses.map(({ className }) => className)),
		num_train_timesteps: fc.integer({ min: 60, max: 1200 }),
		beta_schedule: fc.constantFrom("linear", "scaled_linear"),
		beta_start: fc.constantFrom(0.0001, 0.00085),
		beta_end: fc.constantFrom(0.012, 0.02),
		timestep_spacing: fc.constantFrom("linspace", "leading", "trailing"),
		prediction_type: fc.constantFrom("epsilon", "v_prediction"),
		steps_offset: fc.constantFrom(0, 1),
		use_karras_sigmas: fc.boolean(),
		clip_sample: fc.constant(false),
	});

	it("visits training steps from noise to picture and stays finite", () => {
		fc.assert(
			fc.property(configs, fc.integer({ min: 1, max: 50 }), (config, wanted) => {
				const { own } = readSchedulers(config, path);
				const steps = Math.min(Math.max(wanted, own.stepRange.min), own.stepRange.max);
				const scheduler = own.start(steps);
				const { timesteps, sigmas } = scheduler;
				expect(timesteps.length).toBeGreaterThanOrEqual(steps);
				expect(timesteps.every((timestep) => timestep >= 0 && timestep < config.num_train_timesteps)).toBe(true);
				expect(timesteps[0]).toBe(Math.max(...timesteps));
				expect(sigmas?.every((sigma, index) => index === 0 || sigma <= (sigmas[index - 1] as number)) ?? true).toBe(
					true,
				);
				const random = seededRandom(steps);
				let sample: Float32Array = random.normal(sampleSize).map((value) => value * scheduler.initialSigma);
				for (const [call, timestep] of timesteps.entries()) {
					const prediction = toyModel(scheduler.scaleInput(sample, call), timestep);
					sample = scheduler.step(prediction, call, sample, () => random.normal(sampleSize));
				}
				expect(sample.every(Number.isFinite)).toBe(true);
			}),
			{
				numRuns: 300,
				// The deviation of what noise is kept came out as the root of less than nothing.
				examples: [
					[
						{
							_class_name: "EulerAncestralDiscreteScheduler",
							num_train_timesteps: 846,
							beta_schedule: "linear",
							beta_start: 0.0001,
							beta_end: 0.02,
							timestep_spacing: "linspace",
							prediction_type: "epsilon",
							steps_offset: 0,
							use_karras_sigmas: false,
							clip_sample: false,
						},
						2,
					],
				],
			},
		);
	});

	it("finds the picture at once if the model knows it", () => {
		const file = { beta_schedule: "scaled_linear", prediction_type: "sample", clip_sample: false };
		const picture = Float32Array.of(0.5, -1, 2, 0);
		for (const { className } of schedulerClasses) {
			if (["PNDMScheduler", "EulerAncestralDiscreteScheduler", "LCMScheduler"].includes(className)) continue;
			const scheduler = readSchedulers({ _class_name: className, ...file }, path).own.start(9);
			const random = seededRandom(1);
			let sample: Float32Array = random.normal(4).map((value) => value * scheduler.initialSigma);
			for (const call of scheduler.timesteps.keys()) {
				sample = scheduler.step(picture, call, sample, () => random.normal(4));
			}
			for (const [index, value] of picture.entries()) expect(sample[index], className).toBeCloseTo(value, 2);
		}
	});

	it("may begin at any step from a picture, and comes back to it if the model knows the noise", () => {
		const stochastic = ["DDPMScheduler", "EulerAncestralDiscreteScheduler", "LCMScheduler"];
		const picture = Float32Array.from({ length: sampleSize }, (_, index) => Math.sin(index));
		fc.assert(
			fc.property(configs, fc.integer({ min: 1, max: 40 }), fc.nat(), (config, wanted, place) => {
				const { own } = readSchedulers({ ...config, prediction_type: "epsilon" }, path);
				const steps = Math.min(Math.max(wanted, own.stepRange.min), own.stepRange.max);
				const skipped = place % steps;
				const scheduler = own.start(steps, { skipped, share: 1 });
				const { timesteps, firstCall } = scheduler;
				expect(firstCall).toBe(own.name === "heun" ? 2 * skipped : skipped);
				expect(timesteps.length).toBeGreaterThan(firstCall);
				const random = seededRandom(steps);
				const noise = random.normal(sampleSize);
				let sample = scheduler.addNoise(picture, noise, firstCall);
				for (let call = firstCall; call < timesteps.length; call++) {
					sample = scheduler.step(noise, call, sample, () => random.normal(sampleSize));
				}
				expect(sample.every(Number.isFinite)).toBe(true);
				// These two go down by equal strides, wherever the next timestep is; PNDM tries its second call again in a walk from a
				// picture too, though no timestep is there twice.
				const strides = ["ddim", "pndm"].includes(own.name) && config.timestep_spacing !== "leading";
				const triesTwice = own.name === "pndm" && skipped > 0;
				const isOnLine = !(stochastic.includes(config._class_name) || strides || triesTwice);
				// Where a walk ends before all noise is gone, that much is left.
				if (isOnLine) expect(distance([...sample], [...picture], 1)).toBeLessThan(0.1);
			}),
			{ numRuns: 300 },
		);
	});

	it("may have as many steps as there are training steps", () => {
		for (const _class_name of ["DDIMScheduler", "EulerDiscreteScheduler"]) {
			for (const timestep_spacing of ["leading", "trailing", "linspace"]) {
				const file = { _class_name, num_train_timesteps: 61, steps_offset: 1, timestep_spacing };
				const { timesteps } = readSchedulers(file, path).own.start(61);
				expect(timesteps).toHaveLength(61);
				expect(timesteps.every((timestep) => timestep >= 0 && timestep < 61)).toBe(true);
			}
		}
	});
});
