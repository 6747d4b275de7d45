/**
 * Requests with every blank filled in, grouped into those that can walk from noise to picture together.
 *
 * @module
 */
import {
	type DecodeRequest,
	type DecoderCapabilities,
	type DecodeWarning,
	DeDiffusionError,
	type InitialImage,
	type PixelImage,
} from "dediffusion/plugin";
import { type ModelFolder, whyNoInitialImage } from "./model-folder.ts";
import type { ConfiguredScheduler } from "./schedulers/config.ts";
import { fromNoise, type WalkStart } from "./schedulers/scheduler.ts";
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
	/** Noise of standard deviation 1 to use instead of the seed's, shape [channels, height, width]. */
	readonly initialLatents: Float32Array | undefined;
	/** The picture to start from, of the size to draw; undefined to start from noise alone. */
	readonly initialImage: PixelImage | undefined;
	readonly start: WalkStart;
	readonly effectivePrompt: string;
	readonly warnings: readonly DecodeWarning[];
}

/** What is used where a request is silent. */
export type Defaults = Required<DecoderCapabilities["defaults"]>;

/**
 * Fills a request's blanks and adjusts what the model cannot do exactly.
 *
 * @throws DeDiffusionError `SCHEDULER_UNKNOWN`, `SETTING_INVALID` for initial latents or an initial picture of another
 *   size, or `INPUT_INVALID` for token ids that the tokenizer does not have.
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
		if (model.latents.isFixed) {
			return adjusted(setting, given, defaults[setting]) / model.latents.pixels;
		}
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
	const prompt = request.tokenIds ? framed(request.tokenIds, model) : encode(request.prompt);
	const seen = prompt[0] as Encoding;
	warnOfCut(seen, "prompt", warnings);
	const isGuided = guidanceScale > 1 && model.guidanceNumbers === undefined;
	const isMissing = request.negativePrompt === undefined && model.hasZerosForMissingNegative;
	const negative = isMissing ? "zeros" : encode(request.negativePrompt ?? "");
	if (isGuided && negative !== "zeros") warnOfCut(negative[0] as Encoding, "negativePrompt", warnings);
	if (!isGuided && request.negativePrompt) {
		warnings.push({ type: "unsupported", setting: "negativePrompt", message: whyNoNegative(model) });
	}
	const initialImage = usableImage(request, model, warnings);
	if (initialImage) {
		requireSize(initialImage.image, width * model.latents.pixels, height * model.latents.pixels);
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
		initialLatents: checkedLatents(request, model.latents.channels, height, width),
		initialImage: initialImage?.image,
		start: initialImage ? startFrom(initialImage, model, scheduler, steps, warnings) : fromNoise,
		effectivePrompt: seen.kept < seen.wanted ? seen.text : request.prompt,
		warnings,
	};
}

/** Jobs that agree in everything that one batch must share, in order of first appearance. */
export function groupJobs(jobs: readonly Job[]): readonly (readonly [Job, ...Job[]])[] {
	const groups = new Map<string, [Job, ...Job[]]>();
	for (const job of jobs) {
		const { steps, start, guidanceScale, scheduler, width, height, initialImage } = job;
		const isFromPicture = initialImage !== undefined;
		const key = [steps, start.skipped, start.share, guidanceScale, scheduler.name, width, height, isFromPicture].join(
			" ",
		);
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

/** Ids as every text encoder takes them; the decoder names a tokenizer only where all of them share it. */
function framed(ids: readonly number[], { textEncoders }: ModelFolder): Encoding[] {
	return textEncoders.map(({ tokenizer }) => {
		const unknown = ids.find((id) => !tokenizer.has(id));
		if (unknown === undefined) return tokenizer.frame(ids);
		throw new DeDiffusionError("INPUT_INVALID", `The model's tokenizer has no token ${unknown}.`, {
			input: "tokens.ids",
			advice: "Give ids of the tokenizer that the decoder names, or leave tokens out.",
		});
	});
}

/** The picture to start from, unless the folder cannot encode it. */
function usableImage(
	{ initialImage }: DecodeRequest,
	model: ModelFolder,
	warnings: DecodeWarning[],
): InitialImage | undefined {
	const missing = initialImage && whyNoInitialImage(model);
	if (missing === undefined) return initialImage;
	warnings.push({ type: "unsupported", setting: "initialImage", message: `${missing} The picture was ignored.` });
	return undefined;
}

/**
 * Which part of the walk a picture makes up for: its first steps, as `get_timesteps` of diffusers'
 * `StableDiffusionImg2ImgPipeline` has it, or the noisiest levels, as in `LatentConsistencyModelImg2ImgPipeline`.
 */
function startFrom(
	{ strength }: InitialImage,
	{ spreadsSteps }: ModelFolder,
	{ name, stepRange }: ConfiguredScheduler,
	steps: number,
	warnings: DecodeWarning[],
): WalkStart {
	const adjusted = (message: string) => warnings.push({ type: "adjusted", setting: "initialImage", message });
	if (spreadsSteps && name === "lcm") {
		const least = steps / stepRange.max;
		if (Math.trunc(stepRange.max * strength) < steps) {
			adjusted(`A strength of ${strength} has no room for ${steps} steps; it became ${least}.`);
		}
		return { skipped: 0, share: Math.max(strength, least) };
	}
	const made = Math.trunc(steps * strength);
	if (made < 1) adjusted(`A strength of ${strength} is less than one of ${steps} steps; one was made.`);
	return { skipped: steps - Math.max(made, 1), share: 1 };
}

function requireSize(image: PixelImage, width: number, height: number): void {
	if (image.width === width && image.height === height) return;
	throw new DeDiffusionError(
		"SETTING_INVALID",
		`initialImage has ${image.width} x ${image.height} pixels; the picture to draw has ${width} x ${height}`,
		{ input: "initialImage" },
	);
}

function checkedLatents(
	{ initialLatents }: DecodeRequest,
	channels: number,
	height: number,
	width: number,
): Float32Array | undefined {
	const count = channels * height * width;
	if (initialLatents === undefined || initialLatents.length === count) return initialLatents;
	throw new DeDiffusionError(
		"SETTING_INVALID",
		`initialLatents has ${initialLatents.length} numbers; [${channels}, ${height}, ${width}] needs ${count}`,
		{ input: "initialLatents" },
	);
}
