/**
 * Time and chance as the host sees them, so that tests need not wait for either.
 *
 * @module
 */
import { setTimeout as pause } from "node:timers/promises";

export interface Clock {
	/** Milliseconds; only differences mean anything. */
	now(): number;
	/** From 0 to below 1. */
	random(): number;
	/** Resolves after so many milliseconds, or as soon as the signal is aborted; never rejects. */
	sleep(ms: number, signal: AbortSignal): Promise<void>;
	/** Aborted after so many milliseconds. */
	deadline(ms: number): AbortSignal;
}

export const systemClock: Clock = {
	now: () => performance.now(),
	random: () => Math.random(),
	sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
	deadline: (ms) => AbortSignal.timeout(ms),
};
