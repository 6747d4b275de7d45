/**
 * Trying again: exponential back-off with jitter, and no sooner than the backend asked for.
 *
 * @module
 */
import { DeDiffusionError } from "../../plugins/index.ts";
import type { Clock } from "./clock.ts";

/** Milliseconds before the first repetition; doubled for each further one. */
const firstWait = 500;
/** Milliseconds; whoever asks for more patience than this is told to come back instead. */
export const longestWait = 60_000;

export interface RetryOptions {
	/** How often to try again. */
	readonly retries: number;
	readonly signal: AbortSignal;
	readonly clock: Clock;
	/** Told before each wait. */
	readonly onRetry?: (error: DeDiffusionError, waitMs: number) => void;
}

/** Runs an action until it succeeds, fails for good, or has had its chances. @throws What its last run threw. */
export async function withRetries<Result>(
	action: (attempt: number) => Promise<Result>,
	{ retries, signal, clock, onRetry }: RetryOptions,
): Promise<Result> {
	for (let attempt = 0; ; attempt++) {
		try {
			return await action(attempt);
		} catch (error) {
			const waitMs = waitBefore(error, attempt, clock);
			if (attempt >= retries || waitMs === undefined || signal.aborted) {
				throw error;
			}
			onRetry?.(error as DeDiffusionError, waitMs);
			await clock.sleep(waitMs, signal);
			if (signal.aborted) {
				throw new DeDiffusionError("ABORTED", "The request was given up before it was tried again.", { cause: error });
			}
		}
	}
}

/** Milliseconds; undefined where trying again is of no use. */
function waitBefore(error: unknown, attempt: number, clock: Clock): number | undefined {
	if (!DeDiffusionError.is(error) || !error.retryable || error.code === "ABORTED") {
		return undefined;
	}
	const backOff = Math.min(longestWait, firstWait * 2 ** attempt);
	// Half of it is left to chance, so that callers who failed together do not come back together.
	const jittered = backOff * (0.5 + clock.random() / 2);
	const asked = error.retryAfterMs ?? 0;
	return asked > longestWait ? undefined : Math.max(asked, jittered);
}
