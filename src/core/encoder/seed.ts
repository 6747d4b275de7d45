/**
 * Seeds of encoders: some captioners draw lots among words.
 *
 * @module
 */
import { DeDiffusionError, type EncodeWarning } from "../../plugins/index.ts";

const largest = 2 ** 31 - 1;

/** @throws DeDiffusionError `SETTING_INVALID` unless it is a whole number from 0 to 2^31 - 1, or none at all. */
export function checkSeed(seed: number | undefined): void {
	if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed <= largest)) {
		throw new DeDiffusionError("SETTING_INVALID", `seed is ${seed}.`, {
			input: "seed",
			advice: `Give a whole number from 0 to ${largest}.`,
		});
	}
}

/** For an encoder that always says the same of a picture. */
export function seedIgnored(name: string): EncodeWarning {
	return { type: "unsupported", setting: "seed", message: `${name} does not take a seed; it was ignored.` };
}
