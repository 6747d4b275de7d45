/**
 * Options that several commands share, and how their values are read.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import type { DecodeSettings } from "../core/decoding/settings.ts";
import type { PictureLimits } from "../core/picture/picture.ts";
import { DeDiffusionError } from "../plugins/index.ts";
import { readPictureFile } from "./files.ts";

export interface SharedOptions {
	readonly config?: string;
	readonly json?: boolean;
}

export interface SettingOptions {
	readonly seed?: number;
	readonly steps?: number;
	readonly guidanceScale?: number;
	readonly negativePrompt?: string;
	readonly width?: number;
	readonly height?: number;
	readonly scheduler?: string;
	readonly initialImage?: string;
	readonly strength?: number;
}

/** A number; whether it is in range is the engine's to say. */
export function number(value: string): number {
	const read = value.trim() === "" ? Number.NaN : Number(value);
	if (Number.isNaN(read)) {
		throw new InvalidArgumentError("It must be a number.");
	}
	return read;
}

/** `a,b,c`; may be given several times. */
export function list(value: string, before: readonly string[] = []): string[] {
	const items = value.split(",").map((item) => item.trim());
	if (items.includes("")) {
		throw new InvalidArgumentError("It must be a list such as a,b.");
	}
	return [...before, ...items];
}

/** As {@link list}, of numbers. */
export function numbers(value: string, before: readonly number[] = []): number[] {
	return [...before, ...list(value).map(number)];
}

export function withShared(command: Command): Command {
	return command
		.option("--config <file>", "configuration file (default: dediffusion.config.ts, where there is one)")
		.option("--json", "print the result as JSON");
}

/** @param oneSeed Whether a single seed can be given. */
export function withSettings(command: Command, { oneSeed }: { readonly oneSeed: boolean }): Command {
	if (oneSeed) {
		command.option("--seed <number>", "start of the random numbers (default: a random one)", number);
	}
	return command
		.option("--steps <number>", "denoising steps", number)
		.option("--guidance-scale <number>", "classifier-free guidance scale; 1 means none", number)
		.option("--negative-prompt <text>", "what the picture should not show")
		.option("--width <pixels>", "width of the picture", number)
		.option("--height <pixels>", "height of the picture", number)
		.option("--scheduler <name>", "one of the decoder's schedulers")
		.option("--initial-image <file>", "a picture to start from (default: noise alone)")
		.option("--strength <number>", "how much of it is drawn anew, above 0 and up to 1 (default: 0.8)", number);
}

/** @throws DeDiffusionError For a strength without a picture to start from, and what reading the picture throws. */
export async function settingsFrom(options: SettingOptions, limits: PictureLimits): Promise<DecodeSettings> {
	const { seed, steps, guidanceScale, negativePrompt, width, height, scheduler } = options;
	const settings = { seed, steps, guidanceScale, negativePrompt, width, height, scheduler };
	const { initialImage: file, strength } = options;
	if (file === undefined && strength !== undefined) {
		throw new DeDiffusionError("SETTING_INVALID", "A strength needs a picture to start from.", {
			input: "strength",
			advice: "Give --initial-image too.",
		});
	}
	return file === undefined
		? settings
		: { ...settings, initialImage: { picture: await readPictureFile(file, limits), strength } };
}
