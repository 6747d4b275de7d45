/**
 * Seeds of encoders: some captioners draw lots among words.
 *
 * @module
 */
import type { EncodeWarning } from "../../plugins/index.ts";
import { checkRange } from "../ranges.ts";

/** @throws DeDiffusionError `SETTING_INVALID` unless it is a whole number from 0 to 2^31 - 1, or none at all. */
export function checkSeed(seed: number | undefined): void {
	checkRange("seed", seed, { min: 0, max: 2 ** 31 - 1, whole: true }, "seed");
}

/** For an encoder that always says the same of a picture. */
export function seedIgnored(name: string): EncodeWarning {
	return { type: "unsupported", setting: "seed", message: `${name} does not take a seed; it was ignored.` };
}
