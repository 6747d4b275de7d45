/**
 * Time, measured and summed up.
 *
 * @module
 */

/** Runs an action. @returns Milliseconds. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
	const start = performance.now();
	await action();
	return performance.now() - start;
}

/** The value that a share of all values does not exceed. @param share From 0 to 1; 0.5 gives the median. */
export function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

/**
 * Times two actions in turn, so that whatever slows the machine slows both.
 *
 * @param warmUp Rounds before those that count. What is called often is compiled beside it, on cores that models want:
 *   a program that has just started is slower than one in use.
 * @returns Their medians, in milliseconds.
 */
export async function sideBySide(
	rounds: number,
	warmUp: number,
	first: () => Promise<unknown>,
	second: () => Promise<unknown>,
): Promise<[number, number]> {
	const times: [number[], number[]] = [[], []];
	for (let round = -warmUp; round < rounds; round++) {
		const pair = [await timed(first), await timed(second)] as const;
		if (round >= 0) {
			times[0].push(pair[0]);
			times[1].push(pair[1]);
		}
	}
	return [median(times[0]), median(times[1])];
}
