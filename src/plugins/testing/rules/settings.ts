/**
 * Settings: those that are listed have an effect or a warning, all others have none.
 *
 * @module
 */
import type { DecodeRequest, SettingName } from "../../decoder.ts";
import type { PixelImage } from "../../image.ts";
import { differenceOf, slope } from "../picture.ts";
import type { Baseline, Probe } from "../probe.ts";
import { isWarned } from "./result.ts";

const all: readonly Exclude<SettingName, "seed">[] = [
	"steps",
	"guidanceScale",
	"negativePrompt",
	"width",
	"height",
	"scheduler",
	"initialImage",
];

export async function checkSettings(probe: Probe, { pixels }: Baseline): Promise<void> {
	for (const setting of all.filter((name) => probe.capabilities.settings.includes(name))) {
		const changes = otherValue(probe, setting);
		if (changes === undefined) {
			continue;
		}
		const { result, pixels: changed } = await probe.drawOne(changes);
		const asked =
			setting === "initialImage" ? "a picture to start from" : `${setting} ${JSON.stringify(changes[setting])}`;
		if (isWarned(result, setting)) {
			continue;
		}
		if ((setting === "width" || setting === "height") && changed[setting] !== changes[setting]) {
			probe.find(
				"settings",
				`lists ${setting}, was asked for ${asked}, draws ${changed[setting]} and warns of nothing`,
			);
		} else if (probe.capabilities.deterministic && differenceOf(pixels, changed) === 0) {
			probe.find("settings", `lists ${setting}, draws the same picture for ${asked}, and warns of nothing`);
		}
	}
	await checkStrength(probe);
}

/** A picture to start from shows through, and the less the more of it is drawn anew. */
async function checkStrength(probe: Probe): Promise<void> {
	const { settings, deterministic } = probe.capabilities;
	if (!(settings.includes("initialImage") && deterministic)) {
		return;
	}
	const { steps = probe.capabilities.defaults.steps ?? 1, ...size } = sizeOf(probe);
	const from = (image: PixelImage, strength: number) => probe.drawOne({ initialImage: { image, strength } });
	const half = await from(slope(size), 0.5);
	if (isWarned(half.result, "initialImage")) {
		return;
	}
	if (differenceOf(half.pixels, (await from(slope(size, true), 0.5)).pixels) === 0) {
		probe.find("settings", "lists initialImage and draws the same picture from two of them");
	}
	if (steps > 1 && differenceOf(half.pixels, (await from(slope(size), 1)).pixels) === 0) {
		probe.find("settings", "lists initialImage and draws the same picture with half and with all of the strength");
	}
}

/** What the check's requests ask for where they ask for nothing else. */
function sizeOf(probe: Probe): { width: number; height: number; steps?: number } {
	const { width, height, steps } = { ...probe.capabilities.defaults, ...probe.options.settings };
	return { width, height, ...(steps !== undefined && { steps }) };
}

export async function checkUndeclared(probe: Probe, { pixels }: Baseline): Promise<void> {
	for (const setting of all.filter((name) => !probe.capabilities.settings.includes(name))) {
		const changes = otherValue(probe, setting) ?? { [setting]: setting === "scheduler" ? "euler" : 1 };
		const { pixels: changed } = await probe.drawOne(changes);
		const isOtherSize = changed.width !== pixels.width || changed.height !== pixels.height;
		if (isOtherSize || (probe.capabilities.deterministic && differenceOf(pixels, changed) > 0)) {
			probe.find("undeclared", `does not list ${setting} and yet draws another picture for it`);
		}
	}
}

/** A value that the check's other requests do not have; undefined where the decoder leaves no choice. */
function otherValue(probe: Probe, setting: (typeof all)[number]): Partial<DecodeRequest> | undefined {
	const { defaults, size, schedulers } = probe.capabilities;
	const now = { ...defaults, ...probe.options.settings };
	switch (setting) {
		case "steps":
			return { steps: now.steps === 3 ? 2 : 3 };
		case "guidanceScale":
			return { guidanceScale: now.guidanceScale === 9 ? 4 : 9 };
		case "negativePrompt":
			return { negativePrompt: "green, blurry" };
		case "width":
		case "height": {
			const pixels = [now[setting] - size.multipleOf, now[setting] + size.multipleOf].find(
				(value) => value >= size.min && value <= size.max,
			);
			return pixels === undefined ? undefined : { [setting]: pixels };
		}
		case "initialImage":
			return { initialImage: { image: slope(sizeOf(probe)), strength: 0.5 } };
		case "scheduler": {
			const scheduler = schedulers.find((name) => name !== now.scheduler);
			return scheduler === undefined ? undefined : { scheduler };
		}
	}
}
