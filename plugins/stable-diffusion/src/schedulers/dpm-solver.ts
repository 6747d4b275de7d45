/**
 * DPM-Solver (Lu and others, arXiv:2206.00927) and DPM-Solver++ (arXiv:2211.01095), multistep, of order 1 to 3, and the
 * stochastic variants of both.
 *
 * @module
 */
import { z } from "zod";
import { sum, type Term } from "./arrays.ts";
import { levelsOf, type MultistepWalk, timestepsOf } from "./multistep-levels.ts";
import { anyPrediction, scheduleOptions, sigmaSchedules, solverOptions, spacing, zeroTerminalSnr } from "./options.ts";
import { epsilonIn, mixed, pictureIn } from "./prediction.ts";
import { defineScheduler } from "./scheduler.ts";
import {
	curveLevels,
	exponentialLevels,
	followsCurve,
	logarithms,
	type Mixture,
	mixtureOf,
	noiseLevels,
} from "./sigmas.ts";
import { multistepTimesteps } from "./timesteps.ts";

const { exp, expm1, fround, sqrt } = Math;

/** Other classes' names for these two choices, which their files carry along. */
const algorithm = z.preprocess(
	(name) => (name === "deis" ? "dpmsolver++" : name),
	z.enum(["dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++"]).default("dpmsolver++"),
);
const solver = z.preprocess(
	(name) => (["logrho", "bh1", "bh2"].includes(name as string) ? "midpoint" : name),
	z.enum(["midpoint", "heun"]).default("midpoint"),
);

const file = z
	.object({
		...scheduleOptions,
		...zeroTerminalSnr,
		...sigmaSchedules,
		...solverOptions,
		solver_order: z.int().min(1).max(3).default(2),
		algorithm_type: algorithm,
		solver_type: solver,
		euler_at_final: z.boolean().default(false),
		use_lu_lambdas: z.boolean().nullish(),
		/** Training steps with less signal than this are not visited; a logarithm of signal over noise. */
		lambda_min_clipped: z.number().or(z.literal(Number.NEGATIVE_INFINITY)).default(Number.NEGATIVE_INFINITY),
		variance_type: z.null("learned variances are not supported; supported: null").optional(),
		prediction_type: anyPrediction,
		timestep_spacing: spacing.default("linspace"),
	})
	.refine((config) => config.algorithm_type.endsWith("++") || config.final_sigmas_type === "sigma_min", {
		path: ["final_sigmas_type"],
		message: "only the ++ algorithms can end at zero; supported: sigma_min",
	})
	.refine((config) => config.algorithm_type !== "sde-dpmsolver" || config.solver_order < 3, {
		path: ["solver_order"],
		message: "sde-dpmsolver has no third order; supported: 1, 2",
	});

export const dpmSolver = defineScheduler({
	name: "dpm-solver",
	className: "DPMSolverMultistepScheduler",
	file,
	stepRange: (config) => ({ min: 1, max: config.num_train_timesteps - 1 || 1 }),

	create(config, steps) {
		const levels = noiseLevels(config);
		const walk = walkOf(config, levels, steps);
		const calls = walk.timesteps.length;
		const last = config.final_sigmas_type === "zero" ? 0 : (levels[0] as number);
		const sigmas = Float32Array.from([...walk.sigmas, last]);
		const mixtures = [...sigmas].map(mixtureOf);
		const { formula, models, isStochastic } = algorithms[config.algorithm_type];
		/** What the solver integrates: pictures or noise, newest first. */
		let history: Float32Array[] = [];

		function orderOf(call: number): number {
			const isShort = config.lower_order_final && calls < 15;
			const known = Math.min(history.length, config.solver_order);
			if (call === calls - 1 && (config.euler_at_final || isShort || last === 0)) return 1;
			return call === calls - 2 && isShort ? Math.min(known, 2) : known;
		}

		return {
			timesteps: walk.timesteps,
			sigmas,
			initialSigma: 1,
			addNoise: (latents, noise, call) => mixed(latents, noise, mixtures[call] as Mixture),
			scaleInput: (sample) => sample,
			step(prediction, call, sample, noise) {
				const [from, to] = [mixtures[call] as Mixture, mixtures[call + 1] as Mixture];
				history = [models(config.prediction_type, prediction, sample, from), ...history].slice(0, 3);
				const ratios = mixtures.slice(Math.max(call - 2, 0), call + 2).map(({ logRatio }) => logRatio);
				const derivatives = derivativesOf(history.slice(0, orderOf(call)), ratios.reverse());
				const width = fround(to.logRatio - from.logRatio);
				const weights = formula(from, to, width);
				const terms: [Term, ...Term[]] = [[weights.sample, sample]];
				const factors =
					derivatives.length === 2
						? [weights.constant, weights[config.solver_type]]
						: [weights.constant, weights.heun, weights.third];
				for (const [degree, derivative] of derivatives.entries()) terms.push([factors[degree] as number, derivative]);
				if (isStochastic) terms.push([weights.noise, noise()]);
				return sum(...terms);
			},
		};
	},
});

/** What a step multiplies its parts with. */
interface Weights {
	readonly sample: number;
	readonly constant: number;
	/** For the first derivative of a second-order step by the midpoint rule, and by Heun's, which the third order shares. */
	readonly midpoint: number;
	readonly heun: number;
	/** For the second derivative. */
	readonly third: number;
	readonly noise: number;
}

type Formula = (from: Mixture, to: Mixture, width: number) => Weights;

/** Integrates pictures: arXiv:2211.01095, equations 9 to 11. */
const data: Formula = (from, to, width) => {
	const decay = expm1(-width);
	return {
		sample: to.noise / from.noise,
		constant: -to.signal * decay,
		midpoint: -0.5 * to.signal * decay,
		heun: to.signal * (decay / width + 1),
		third: -to.signal * ((decay + width) / width ** 2 - 0.5),
		noise: 0,
	};
};

/** Integrates noise: arXiv:2206.00927, equations 3.7 and below. */
const epsilon: Formula = (from, to, width) => {
	const growth = expm1(width);
	return {
		sample: to.signal / from.signal,
		constant: -to.noise * growth,
		midpoint: -0.5 * to.noise * growth,
		heun: -to.noise * (growth / width - 1),
		third: -to.noise * ((growth - width) / width ** 2 - 0.5),
		noise: 0,
	};
};

/** Integrates pictures and adds noise: arXiv:2211.01095, appendix on SDEs. */
const stochasticData: Formula = (from, to, width) => {
	const decay = -expm1(-2 * width);
	return {
		sample: (to.noise / from.noise) * exp(-width),
		constant: to.signal * decay,
		midpoint: 0.5 * to.signal * decay,
		heun: to.signal * (decay / (-2 * width) + 1),
		third: to.signal * ((decay - 2 * width) / (2 * width) ** 2 - 0.5),
		noise: to.noise * sqrt(decay),
	};
};

/** Integrates noise and adds more of it. */
const stochasticEpsilon: Formula = (from, to, width) => {
	const growth = expm1(width);
	return {
		sample: to.signal / from.signal,
		constant: -2 * to.noise * growth,
		midpoint: -to.noise * growth,
		heun: -2 * to.noise * (growth / width - 1),
		third: 0,
		noise: to.noise * sqrt(expm1(2 * width)),
	};
};

const algorithms = {
	"dpmsolver++": { formula: data, models: pictureIn, isStochastic: false },
	dpmsolver: { formula: epsilon, models: epsilonIn, isStochastic: false },
	"sde-dpmsolver++": { formula: stochasticData, models: pictureIn, isStochastic: true },
	"sde-dpmsolver": { formula: stochasticEpsilon, models: epsilonIn, isStochastic: true },
} as const;

/**
 * The newest model output and its finite differences in the logarithm of signal over noise, as far as outputs reach.
 *
 * @param history Outputs, newest first, one to three.
 * @param ratios Logarithms of signal over noise: after the step, at its begin, and at the outputs before that.
 */
function derivativesOf(history: readonly Float32Array[], ratios: readonly number[]): Float32Array[] {
	const [newest, before, oldest] = history as [Float32Array, Float32Array?, Float32Array?];
	if (before === undefined) return [newest];
	const widths = ratios.slice(1).map((ratio, index) => fround((ratios[index] as number) - ratio));
	const [width, first, second] = widths as [number, number, number];
	const r0 = first / width;
	const difference = sum([1 / r0, newest], [-1 / r0, before]);
	if (oldest === undefined) return [newest, difference];
	const r1 = second / width;
	const olderDifference = sum([1 / r1, before], [-1 / r1, oldest]);
	const share = r0 / (r0 + r1);
	return [
		newest,
		sum([1 + share, difference], [-share, olderDifference]),
		sum([1 / (r0 + r1), difference], [-1 / (r0 + r1), olderDifference]),
	];
}

function walkOf(config: z.output<typeof file>, levels: Float32Array, steps: number): MultistepWalk {
	const [lowest, highest] = [levels[0] as number, levels.at(-1) as number];
	const isRounded = config.beta_schedule !== "squaredcos_cap_v2";
	if (config.use_karras_sigmas) return timestepsOf(curveLevels(config, highest, lowest, steps), levels, isRounded);
	if (config.use_lu_lambdas) return timestepsOf(luLevels(levels, steps), levels, isRounded);
	if (followsCurve(config)) return timestepsOf(curveLevels(config, highest, lowest, steps), levels, false);
	const visited = levels.length - countBelow(levels, config.lambda_min_clipped);
	return levelsOf(multistepTimesteps(config, steps, visited), levels);
}

/** Levels in equal ratios between the float32 logarithms of the ends. */
function luLevels(levels: Float32Array, steps: number): number[] {
	const logs = logarithms(levels);
	return exponentialLevels(exp(logs.at(-1) as number), exp(logs[0] as number), steps);
}

/** How many training steps have less signal than a bound. */
function countBelow(levels: Float32Array, bound: number): number {
	return levels.filter((sigma) => -Math.log(sigma) < bound).length;
}
