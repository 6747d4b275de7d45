/**
 * A clock for tests: whoever sleeps is awake at once, and time has passed.
 *
 * @module
 */
import type { Clock } from "../src/core/calling/clock.ts";

export interface TestClock extends Clock {
	/** What was slept, in milliseconds, in order. */
	readonly slept: readonly number[];
	/** Lets all time limits run out that were set so far. */
	expire(): void;
}

/** @param chance What {@link Clock.random} always says. Default 1: the longest back-off. */
export function createTestClock(chance = 1): TestClock {
	let time = 0;
	const slept: number[] = [];
	const limits: AbortController[] = [];
	return {
		slept,
		now: () => time,
		random: () => chance,
		async sleep(ms) {
			slept.push(ms);
			time += ms;
		},
		deadline() {
			const limit = new AbortController();
			limits.push(limit);
			return limit.signal;
		},
		expire() {
			for (const limit of limits.splice(0)) {
				limit.abort(new DOMException("The time is up.", "TimeoutError"));
			}
		},
	};
}
