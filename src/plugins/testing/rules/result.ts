/**
 * The form of a result.
 *
 * @module
 */
import type { DecodeResult } from "../../decoder.ts";
import type { Baseline, Probe } from "../probe.ts";

const warningTypes = ["unsupported", "adjusted", "truncated", "other"];

export function checkResult(probe: Probe, { result, pixels }: Baseline): void {
	const find = (message: string) => probe.find("result", message);
	const { seed, width, height } = probe.request();
	const { defaults, settings } = probe.capabilities;
	if (result.seed !== seed) {
		find(`answers seed ${seed} with seed ${result.seed}`);
	}
	if (!Array.isArray(result.warnings)) {
		find("has no list of warnings");
		return;
	}
	for (const { type, message } of result.warnings) {
		if (!warningTypes.includes(type) || typeof message !== "string" || message === "") {
			find(`gives a warning of the type ${JSON.stringify(type)} with the message ${JSON.stringify(message)}`);
		}
	}
	for (const [side, asked, drawn] of [
		["width", width, pixels.width],
		["height", height, pixels.height],
	] as const) {
		const wanted = (settings.includes(side) ? asked : undefined) ?? defaults[side];
		if (drawn !== wanted && !isWarned(result, side)) {
			find(`draws a ${side} of ${drawn} pixels instead of ${wanted} and warns of nothing`);
		}
	}
}

/** Whether a warning speaks of one of the settings. */
export function isWarned(result: DecodeResult, ...settings: readonly string[]): boolean {
	return result.warnings.some(({ setting }) => setting !== undefined && settings.includes(setting));
}
