/**
 * Requests with every blank filled in, grouped into those that can walk from noise to picture together.
 *
 * @module
 */
import { type DecodeRequest, type DecoderCapabilities, type DecodeWarning, DeDiffusionError } from "dediffusion/plugin";
import type { ModelFolder } from "./model-folder.ts";
import { standardNormal } from "./noise.ts";
import type { ConfiguredScheduler } from "./schedulers/config.ts";
import type { Encoding } from "./tokenizer.ts";

/** One request, ready to be drawn. */
export interface Job {
	/** Index of the request. */
	readonly index: number;
	readonly seed: number;
	/** In the tokens of each of the model's text encoders. */
	readonly prompt: readonly Encoding[];
	/** Undefined when guidance is off. */
	readonly negative: readonly Encoding[] | "zeros" | undefined;
	readonly steps: number;
	readonly guidanceScale: number;
	readonly scheduler: ConfiguredScheduler;
	/** Latent cells. */
	readonly width: number;
	readonly height: number;
	/** Noise of standard deviation 1, shape [channels, height, width]. */
	readonly noise: Float32Array;
	/** Whether the noise is the seed's; else it came with the request. */
	readonly isSeedsNoise: boolean;
	readonly effectivePrompt: string;
	readonly warnings: readonly DecodeWarning[];
}

/** What is used where a request is silent. */
export type Defaults = Required<DecoderCapabilities["defaults"]>;

/**
 * Fills a request's blanks and adjusts what the model cannot do exactly.
 *
 * @throws DeDiffusionError `SCHEDULER_UNKNOWN`, or `SETTING_INVALID` for initial latents of the wrong length.
 */
export function planJob(
	request: DecodeRequest,
	index: number,
	model: ModelFolder,
	defaults: Defaults,
	size: DecoderCapabilities["size"],
): Job {
	const warnings: DecodeWarning[] = [];
	const adjusted = (setting: "steps" | "width" | "height", given: number, used: number) => {
		if (given !== used) warnings.push({ type: "adjusted", setting, message: `${setting} ${given} became ${used}` });
		return used;
	};
	const side = (setting: "width" | "height") => {
		const given = request[setting] ?? defaults[setting];
		const whole = Math.round(given / size.multipleOf) * size.multipleOf;
		return adjusted(setting, given, Math.min(Math.max(whole, size.min), size.max)) / model.latents.pixels;
	};
	const scheduler = model.schedulers.get(request.scheduler ?? defaults.scheduler, "settings.scheduler");
	const givenSteps = request.steps ?? defaults.steps;
	const { min, max } = scheduler.stepRange;
	const steps = adjusted("steps", givenSteps, Math.min(Math.max(givenSteps, min), max));
	const guidanceScale = request.guidanceScale ?? defaults.guidanceScale;
	const [width, height] = [side("width"), side("height")];

	const encode = (text: string) => model.textEncoders.map(({ tokenizer }) => tokenizer.encode(text));
	const prompt = encode(request.prompt);
	const seen = prompt[0] as Encoding;
	warnOfCut(seen, "prompt", warnings);
	const isGuided = guidanceScale > 1 && model.guidanceNumbers === undefined;
	const isMissing = request.negativePrompt === undefined && model.hasZerosForMissingNegative;
	const negative = isMissing ? "zeros" : encode(request.negativePrompt ?? "");
	if (isGuided && negative !== "zeros") warnOfCut(negative[0] as Encoding, "negativePrompt", warnings);
	if (!isGuided && request.negativePrompt) {
		warnings.push({ type: "unsupported", setting: "negativePrompt", message: whyNoNegative(model) });
	}
	return {
		index,
		seed: request.seed,
		prompt,
		negative: isGuided ? negative : undefined,
		steps,
		guidanceScale,
		scheduler,
		width,
		height,
		noise: noiseOf(request, model.latents.channels, height, width),
		isSeedsNoise: request.initialLatents === undefined,
		effectivePrompt: seen.kept < seen.wanted ? seen.text : request.prompt,
		warnings,
	};
}

/** Jobs that agree in everything that one batch must share, in order of first appearance. */
export function groupJobs(jobs: readonly Job[]): readonly (readonly [Job, ...Job[]])[] {
	const groups = new Map<string, [Job, ...Job[]]>();
	for (const job of jobs) {
		const key = [job.steps, job.guidanceScale, job.scheduler.name, job.width, job.height].join(" ");
		const group = groups.get(key);
		if (group) group.push(job);
		else groups.set(key, [job]);
	}
	return [...groups.values()];
}

function whyNoNegative({ guidanceNumbers }: ModelFolder): string {
	return guidanceNumbers === undefined
		? "A negative prompt has no effect without guidance; give a guidanceScale above 1."
		: "A negative prompt has no effect on this model: guidance was distilled into it.";
}

function warnOfCut(encoding: Encoding, setting: "prompt" | "negativePrompt", warnings: DecodeWarning[]): void {
	if (encoding.kept === encoding.wanted) return;
	warnings.push({
		type: "truncated",
		setting,
		message: `The model takes ${encoding.kept} tokens; the last ${encoding.wanted - encoding.kept} of ${encoding.wanted} were cut off: ${encoding.cut}`,
	});
}

function noiseOf(request: DecodeRequest, channels: number, height: number, width: number): Float32Array {
	const count = channels * height * width;
	if (request.initialLatents === undefined) return standardNormal(count, request.seed);
	if (request.initialLatents.length === count) return request.initialLatents;
	throw new DeDiffusionError(
		"SETTING_INVALID",
		`initialLatents has ${request.initialLatents.length} numbers; [${channels}, ${height}, ${width}] needs ${count}`,
		{ input: "initialLatents" },
	);
}
