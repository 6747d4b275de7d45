/**
 * UniPC (Zhao and others, arXiv:2302.04867): a multistep predictor, and a corrector of one order more that costs no
 * further call of the model, because it uses the prediction that the next step needs anyway.
 *
 * @module
 */
import { z } from "zod";
import { sum, type Term } from "./arrays.ts";
import { levelsOf, type MultistepWalk, timestepsOf } from "./multistep-levels.ts";
import { anyPrediction, scheduleOptions, sigmaSchedules, solverOptions, spacing, zeroTerminalSnr } from "./options.ts";
import { epsilonIn, mixed, pictureIn } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";
import { curveLevels, followsCurve, type Mixture, mixtureOf, noiseLevels } from "./sigmas.ts";
import { multistepTimesteps } from "./timesteps.ts";

const { expm1, fround } = Math;

const file = z
	.object({
		...scheduleOptions,
		...zeroTerminalSnr,
		...sigmaSchedules,
		...solverOptions,
		solver_order: z.int().min(1).max(4).default(2),
		/** Whether the solver integrates pictures instead of noise. */
		predict_x0: z.boolean().default(true),
		/** B(h) of the paper: h itself or e^h - 1. Other classes' names for it, which their files carry along, mean the latter. */
		solver_type: z.preprocess(
			(name) => (["midpoint", "heun", "logrho"].includes(name as string) ? "bh2" : name),
			z.enum(["bh1", "bh2"]).default("bh2"),
		),
		/** Calls after which the sample is not corrected. */
		disable_corrector: z.array(z.int()).default([]),
		solver_p: z.null("a predictor of another class is not supported; supported: null").optional(),
		sigma_min: z.number().positive().nullish(),
		sigma_max: z.number().positive().nullish(),
		prediction_type: anyPrediction,
		timestep_spacing: spacing.default("linspace"),
	})
	.refine((config) => config.predict_x0 || config.final_sigmas_type === "sigma_min", {
		path: ["final_sigmas_type"],
		message: "without predict_x0 a walk cannot end at zero; supported: sigma_min",
	});

export const uniPc = defineScheduler({
	name: "unipc",
	className: "UniPCMultistepScheduler",
	file,
	stepRange: (config) => ({ min: 1, max: config.num_train_timesteps - 1 || 1 }),

	create(config, steps) {
		const levels = noiseLevels(config);
		const walk = walkOf(config, levels, steps);
		const calls = walk.timesteps.length;
		const sigmas = Float32Array.from([...walk.sigmas, lastLevel(config, walk, levels)]);
		const mixtures = [...sigmas].map(mixtureOf);
		const outputIn = config.predict_x0 ? pictureIn : epsilonIn;
		/** Model outputs, newest first. */
		let history: Float32Array[] = [];
		/** The sample before the step that was predicted last, and of which order that prediction was. */
		let begin = new Float32Array();
		let order = 0;

		/**
		 * Goes from one call's level to the next one's.
		 *
		 * @param outputs Outputs at the step's begin and before it, newest first; as many as the order.
		 * @param end The output at the step's end, where it is known: then the step is a correction.
		 */
		function advance(sample: Float32Array, call: number, outputs: readonly Float32Array[], end?: Float32Array) {
			const [from, to] = [mixtures[call] as Mixture, mixtures[call + 1] as Mixture];
			const width = fround(to.logRatio - from.logRatio);
			const signedWidth = config.predict_x0 ? -width : width;
			const growth = expm1(signedWidth);
			const base = config.solver_type === "bh1" ? signedWidth : growth;
			const newest = outputs[0] as Float32Array;
			const scale = config.predict_x0 ? to.signal : to.noise;
			const carried = config.predict_x0 ? to.noise / from.noise : to.signal / from.signal;

			const earlier = outputs.slice(1);
			const places = earlier.map(
				(_, age) => fround((mixtures[call - age - 1] as Mixture).logRatio - from.logRatio) / width,
			);
			const weights = weightsOf(end ? [...places, 1] : places, signedWidth, base);
			const terms: [Term, ...Term[]] = [
				[carried, sample],
				[-scale * growth, newest],
			];
			const others = end ? [...earlier, end] : earlier;
			for (const [index, output] of others.entries()) {
				const place = places[index] ?? 1;
				const factor = (-scale * base * (weights[index] as number)) / place;
				terms.push([factor, output], [-factor, newest]);
			}
			return sum(...terms);
		}

		return {
			timesteps: walk.timesteps,
			sigmas,
			initialSigma: 1,
			addNoise: (latents, noise, call) => mixed(latents, noise, mixtures[call] as Mixture),
			scaleInput: (sample) => sample,
			step(prediction, call, sample) {
				const output = outputIn(config.prediction_type, prediction, sample, mixtures[call] as Mixture);
				const isCorrected = history.length > 0 && !config.disable_corrector.includes(call - 1);
				const start = isCorrected ? advance(begin, call - 1, history.slice(0, order), output) : sample;
				history = [output, ...history].slice(0, config.solver_order);
				const highest = config.lower_order_final ? Math.min(config.solver_order, calls - call) : config.solver_order;
				order = Math.min(highest, history.length);
				begin = Float32Array.from(start);
				return advance(start, call, history.slice(0, order));
			},
		};
	},
});

/**
 * Solves for the weights of the differences between outputs (equation 9 of the paper); a single one weighs a half.
 *
 * @param places Where the other outputs lie, in widths of the step from its begin.
 */
function weightsOf(places: readonly number[], width: number, base: number): number[] {
	if (places.length <= 1) return places.map(() => 0.5);
	const targets: number[] = [];
	let factorial = 1;
	let phi = expm1(width) / width - 1;
	for (let degree = 1; degree <= places.length; degree++) {
		targets.push((phi * factorial) / base);
		factorial *= degree + 1;
		phi = phi / width - 1 / factorial;
	}
	const powers = targets.map((_, degree) => places.map((place) => place ** degree));
	return solve(powers, targets);
}

/** Gauss's elimination with pivots, for a few unknowns. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
	const rows = matrix.map((row, index) => [...row, right[index] as number]);
	for (let column = 0; column < rows.length; column++) {
		const size = (row: number[] | undefined) => Math.abs(row?.[column] ?? 0);
		const pivot = rows.reduce(
			(best, row, index) => (index > column && size(row) > size(rows[best]) ? index : best),
			column,
		);
		const lead = rows[pivot] as number[];
		rows[pivot] = rows[column] as number[];
		rows[column] = lead;
		for (const [index, row] of rows.entries()) {
			if (index === column) continue;
			const factor = (row[column] as number) / (lead[column] as number);
			for (let place = column; place < row.length; place++) {
				row[place] = (row[place] as number) - factor * (lead[place] as number);
			}
		}
	}
	return rows.map((row, index) => (row.at(-1) as number) / (row[index] as number));
}

type Config = z.output<typeof file>;

function walkOf(config: Config, levels: Float32Array, steps: number): MultistepWalk {
	if (!followsCurve(config)) return levelsOf(multistepTimesteps(config, steps, levels.length), levels);
	const highest = config.sigma_max ?? (levels.at(-1) as number);
	const lowest = config.sigma_min ?? (levels[0] as number);
	const sigmas = curveLevels(config, highest, lowest, steps);
	return timestepsOf(sigmas, levels, Boolean(config.use_karras_sigmas));
}

function lastLevel(config: Config, walk: MultistepWalk, levels: Float32Array): number {
	if (config.final_sigmas_type === "zero") return 0;
	return followsCurve(config) ? (walk.sigmas.at(-1) as number) : (levels[0] as number);
}
