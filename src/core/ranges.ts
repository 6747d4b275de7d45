/**
 * Ranges of numbers that callers may choose.
 *
 * @module
 */
import { DeDiffusionError } from "../plugins/index.ts";

export interface Range {
	readonly min: number;
	readonly max: number;
	/** Whether only whole numbers fit. */
	readonly whole: boolean;
}

/**
 * Checks a number that may be missing.
 *
 * @param name What the message calls it.
 * @param input How the caller named it.
 * @throws DeDiffusionError `SETTING_INVALID`, also for NaN.
 */
export function checkRange(name: string, value: number | undefined, { min, max, whole }: Range, input: string): void {
	if (value !== undefined && !(value >= min && value <= max && (!whole || Number.isInteger(value)))) {
		throw new DeDiffusionError("SETTING_INVALID", `${name} is ${value}.`, {
			input,
			advice: `Give a ${whole ? "whole number" : "number"} from ${min} to ${max}.`,
		});
	}
}
