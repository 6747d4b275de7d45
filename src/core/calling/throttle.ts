/**
 * How many calls of one decoder run at once, and how many begin within a minute.
 *
 * @module
 */
import { DeDiffusionError } from "../../plugins/index.ts";
import type { Clock } from "./clock.ts";
import { longestWait } from "./retry.ts";

const minute = 60_000;

export interface ThrottleOptions {
	readonly concurrency: number;
	readonly callsPerMinute?: number | undefined;
}

/** Lets calls through in the order in which they came. */
export class Throttle {
	readonly #options: ThrottleOptions;
	readonly #clock: Clock;
	#running = 0;
	readonly #waiting: (() => void)[] = [];
	/** When the calls of the last minute began. */
	#begun: number[] = [];
	#closedUntil = 0;

	constructor(options: ThrottleOptions, clock: Clock) {
		this.#options = options;
		this.#clock = clock;
	}

	/**
	 * @throws DeDiffusionError `ABORTED` if it is given up while it waits, `BACKEND_RATE_LIMITED` if the backend wants nobody
	 * for longer than anybody would wait; and what the action throws.
	 */
	async enter<Result>(signal: AbortSignal, action: () => Promise<Result>): Promise<Result> {
		await this.#place(signal);
		try {
			await this.#turn(signal);
			return await action();
		} finally {
			this.#running--;
			this.#waiting.shift()?.();
		}
	}

	/** Lets nobody through for so long: the backend asked for it. */
	pause(ms: number): void {
		this.#closedUntil = Math.max(this.#closedUntil, this.#clock.now() + ms);
	}

	/** Waits for one of the places. */
	async #place(signal: AbortSignal): Promise<void> {
		throwIfAborted(signal);
		if (this.#running >= this.#options.concurrency) {
			await new Promise<void>((resolve) => {
				const proceed = () => {
					signal.removeEventListener("abort", leave);
					resolve();
				};
				const leave = () => {
					this.#waiting.splice(this.#waiting.indexOf(proceed), 1);
					resolve();
				};
				this.#waiting.push(proceed);
				signal.addEventListener("abort", leave, { once: true });
			});
		}
		throwIfAborted(signal);
		this.#running++;
	}

	/** Waits until another call may begin. */
	async #turn(signal: AbortSignal): Promise<void> {
		for (;;) {
			throwIfAborted(signal);
			this.#refuseLongPause();
			const wait = this.#waitMs();
			if (wait <= 0) {
				this.#begun.push(this.#clock.now());
				return;
			}
			await this.#clock.sleep(wait, signal);
		}
	}

	#refuseLongPause(): void {
		const retryAfterMs = this.#closedUntil - this.#clock.now();
		if (retryAfterMs > longestWait) {
			const seconds = Math.ceil(retryAfterMs / 1000);
			throw new DeDiffusionError("BACKEND_RATE_LIMITED", `The backend wants no requests for another ${seconds} s.`, {
				retryAfterMs,
			});
		}
	}

	#waitMs(): number {
		const now = this.#clock.now();
		const { callsPerMinute = Number.POSITIVE_INFINITY } = this.#options;
		this.#begun = this.#begun.filter((begin) => begin > now - minute);
		const untilFree = this.#begun.length < callsPerMinute ? 0 : (this.#begun[0] as number) + minute - now;
		return Math.max(untilFree, this.#closedUntil - now);
	}
}

function throwIfAborted(signal: AbortSignal): void {
	if (signal.aborted) {
		throw new DeDiffusionError("ABORTED", "The request was given up before its turn came.");
	}
}
