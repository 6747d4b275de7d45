/**
 * Numbers and names as the page writes them.
 *
 * @module
 */
import type { Estimate } from "../../src/core/metrics/bootstrap.ts";
import { lengthOf } from "./prompts.ts";
import type { SourceName } from "./results.ts";

/** `87.2%` */
export function percent(share: number): string {
	return `${(100 * share).toFixed(1)}%`;
}

/** `87.2% (85.9 to 88.4)`: a share with its interval. */
export function percentWithInterval({ value, low, high }: Estimate): string {
	return `${percent(value)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
}

/** `17.74 (17.50 to 17.99)` */
export function withInterval({ value, low, high }: Estimate): string {
	return `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** `12.3 ± 0.2`: a number with its standard error, both to the digit that three figures of the number have. */
export function withError({ value, standardError }: Estimate): string {
	const digits = digitsOf(value);
	return `${value.toFixed(digits)} ± ${standardError.toFixed(digits)}`;
}

/** `31.4% ± 0.9` */
export function percentWithError({ value, standardError }: Estimate): string {
	return `${percent(value)} ± ${(100 * standardError).toFixed(1)}`;
}

function digitsOf(value: number): number {
	const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
	return Math.min(Math.max(2 - magnitude, 0), 6);
}

/** The prompt source as the page and the plot call it. @param tokens Of a whole De-Diffusion text. */
export function nameOf(source: SourceName, tokens: number): string {
	const length = lengthOf(source);
	if (length !== undefined) {
		return length === tokens ? `De-Diffusion, all ${tokens} tokens` : `De-Diffusion, ${length} tokens`;
	}
	return { none: "no text", terse: "terse caption", complete: "complete caption" }[source as "none"];
}

/** `flat (80%), glossy (20%)` */
export function sharesInWords(shares: Readonly<Record<string, number>>): string {
	return Object.entries(shares)
		.map(([name, share]) => `${name} (${Math.round(100 * share)}%)`)
		.join(", ");
}
