/**
 * Settings of a decoding: checked here once, so that no plugin has to.
 *
 * @module
 */
import {
	type DecodeRequest,
	type Decoder,
	type DecodeWarning,
	DeDiffusionError,
	type SettingName,
} from "../../plugins/index.ts";
import type { Picture } from "../picture/picture.ts";
import { toPixels } from "../picture/pixels.ts";
import { checkRange } from "../ranges.ts";

/** A picture to start from instead of noise alone. */
export interface InitialImage {
	/** The largest centred part of the shape to draw is used. */
	readonly picture: Picture;
	/** Above 0 and up to 1; default {@link defaultStrength}. */
	readonly strength?: number | undefined;
}

/** How much is drawn anew where nobody says it; diffusers' choice for Stable Diffusion. */
export const defaultStrength = 0.8;

/** What a caller may ask for; all of it optional. */
export interface DecodeSettings {
	/** Whole number from 0 to 2^32 - 1; default: a random one. */
	readonly seed?: number | undefined;
	/** 1 to 1000. */
	readonly steps?: number | undefined;
	/** 0 to 50; 1 means no guidance. */
	readonly guidanceScale?: number | undefined;
	/** At most 4000 characters. */
	readonly negativePrompt?: string | undefined;
	/** Pixels. */
	readonly width?: number | undefined;
	/** Pixels. */
	readonly height?: number | undefined;
	readonly scheduler?: string | undefined;
	readonly initialImage?: InitialImage | undefined;
}

/** Ranges that hold for every decoder; its own may be narrower. */
const ranges = {
	seed: { min: 0, max: 2 ** 32 - 1, whole: true },
	steps: { min: 1, max: 1000, whole: true },
	guidanceScale: { min: 0, max: 50, whole: false },
	width: { min: 1, max: 16_384, whole: true },
	height: { min: 1, max: 16_384, whole: true },
} as const;

/** Characters. */
const longestNegativePrompt = 4000;

/**
 * Checks values against the ranges that hold for every decoder.
 *
 * @param input How the caller named the settings, for errors. Default `settings`.
 * @throws DeDiffusionError `SETTING_INVALID` or `TEXT_TOO_LONG`, naming the setting.
 */
export function checkSettings(settings: DecodeSettings, input = "settings"): void {
	for (const name of Object.keys(ranges) as (keyof typeof ranges)[]) {
		checkSetting(name, settings[name], `${input}.${name}`);
	}
	const length = settings.negativePrompt?.length ?? 0;
	if (length > longestNegativePrompt) {
		throw new DeDiffusionError(
			"TEXT_TOO_LONG",
			`The negative prompt has ${length} characters, more than ${longestNegativePrompt}.`,
			{ input: `${input}.negativePrompt` },
		);
	}
	const { strength = defaultStrength } = settings.initialImage ?? {};
	if (!(strength > 0 && strength <= 1)) {
		throw new DeDiffusionError("SETTING_INVALID", `strength is ${strength}.`, {
			input: `${input}.initialImage.strength`,
			advice: "Give a number above 0 and up to 1.",
		});
	}
}

/** As {@link checkSettings}, of one value. @param input How the caller named it. */
export function checkSetting(name: keyof typeof ranges, value: number | undefined, input: string): void {
	checkRange(name, value, ranges[name], input);
}

/**
 * Checks the settings against what one decoder draws: its sizes and schedulers. A setting that it does not honour at all
 * is no error; {@link fitTo} turns it into a warning.
 *
 * @throws DeDiffusionError `SETTING_INVALID`, `SCHEDULER_UNKNOWN`.
 */
export function checkFor(decoder: Decoder, settings: DecodeSettings, input = "settings"): void {
	checkSettings(settings, input);
	const { size, schedulers, settings: honoured } = decoder.capabilities;
	for (const side of ["width", "height"] as const) {
		const pixels = settings[side];
		const fits = pixels === undefined || (pixels >= size.min && pixels <= size.max && pixels % size.multipleOf === 0);
		if (!fits && honoured.includes(side)) {
			throw new DeDiffusionError("SETTING_INVALID", `${decoder.id} cannot draw with a ${side} of ${pixels} pixels.`, {
				input: `${input}.${side}`,
				advice: `Give a multiple of ${size.multipleOf} from ${size.min} to ${size.max}.`,
			});
		}
	}
	const { scheduler } = settings;
	if (scheduler !== undefined && honoured.includes("scheduler") && !schedulers.includes(scheduler)) {
		throw new DeDiffusionError("SCHEDULER_UNKNOWN", `${decoder.id} has no scheduler ${scheduler}.`, {
			input: `${input}.scheduler`,
			advice: `Choose one of ${schedulers.join(", ")}.`,
		});
	}
}

/**
 * Leaves out what the decoder does not honour, with a warning for each such setting that was given. A picture to start
 * from is left out as well: its pixels take time, see {@link initialImageFor}.
 */
export function fitTo(
	decoder: Decoder,
	prompt: string,
	settings: DecodeSettings,
): { request: DecodeRequest; warnings: DecodeWarning[] } {
	const given = Object.entries(settings).filter(([, value]) => value !== undefined);
	const honoured = (name: string) => decoder.capabilities.settings.includes(name as SettingName);
	// A request has a seed even where it counts for nothing: results are told apart by it.
	const { seed = randomSeed(), ...request } = Object.fromEntries(
		given.filter(([name]) => name === "seed" || (honoured(name) && name !== "initialImage")),
	);
	const warnings = given
		.filter(([name]) => !honoured(name))
		.map(
			([name]): DecodeWarning => ({
				type: "unsupported",
				setting: name as SettingName,
				message: [`${decoder.name} does not take ${name}; it was ignored.`, reasonOf(decoder, name)].join(" ").trim(),
			}),
		);
	return { request: { prompt, seed, ...request } as DecodeRequest, warnings };
}

function reasonOf({ capabilities }: Decoder, name: string): string | undefined {
	return capabilities.reasons?.[name as SettingName];
}

/** The picture to start from as the decoder takes it, in the size that it will draw; nothing where it takes none. */
export async function initialImageFor(
	{ capabilities: { settings: honoured, defaults } }: Decoder,
	{ initialImage, ...settings }: DecodeSettings,
): Promise<Pick<DecodeRequest, "initialImage">> {
	if (initialImage === undefined || !honoured.includes("initialImage")) {
		return {};
	}
	const side = (name: "width" | "height") => (honoured.includes(name) ? settings[name] : undefined) ?? defaults[name];
	const image = await toPixels(initialImage.picture, { width: side("width"), height: side("height") });
	return { initialImage: { image, strength: initialImage.strength ?? defaultStrength } };
}

/** A seed that every API takes: from 0 to 2^31 - 1. */
export function randomSeed(): number {
	return (crypto.getRandomValues(new Uint32Array(1))[0] as number) >>> 1;
}
