/**
 * What a run prints: each number, its budget, and whether it is met.
 *
 * @module
 */
import { arch, availableParallelism, cpus, platform } from "node:os";

export interface Finding {
	readonly name: string;
	readonly measured: number;
	readonly budget: number;
	/** Whether more is better. Default: less is. */
	readonly atLeast?: boolean;
	/** Digits after the point. */
	readonly digits: number;
	/** `x`, `%`, `ms` or `s`. */
	readonly unit: string;
	/** What the number was made from. */
	readonly details: string;
}

export function describeMachine(): string {
	const cpu = cpus()[0]?.model.trim() ?? "unknown processor";
	return `${cpu}, ${availableParallelism()} cores, Node ${process.version}, ${platform()} ${arch()}`;
}

export function lineOf({ name, measured, budget, atLeast = false, digits, unit, details }: Finding): string {
	const met = atLeast ? measured >= budget : measured <= budget;
	const number = `${measured.toFixed(digits)} ${unit}`.padStart(10);
	const limit = `${atLeast ? "at least" : "at most"} ${budget} ${unit}`.padEnd(16);
	return `${name.padEnd(52)}${number}   ${limit}  ${met ? "met" : "MISSED"}\n    ${details}`;
}
