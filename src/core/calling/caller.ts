/**
 * The host around one model of a plugin: sees each call through – turn, time limit, repetition, redaction – so that a
 * plugin need not.
 *
 * @module
 */
import { type CallLimits, DeDiffusionError, type Lane, type Trace } from "../../plugins/index.ts";
import { findCause } from "../../plugins/network/addresses.ts";
import type { Redaction } from "../../plugins/network/redaction.ts";
import type { ModelPaths } from "../model-paths.ts";
import type { Clock } from "./clock.ts";
import type { Lanes } from "./lanes.ts";
import { withRetries } from "./retry.ts";
import { Throttle } from "./throttle.ts";

/** What all models of a server share. */
export interface CallerOptions {
	readonly lanes: Lanes;
	readonly clock: Clock;
	readonly trace: Trace;
	readonly redaction: Redaction;
	readonly paths: ModelPaths;
	readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** What can be called: a decoder, an encoder, a metric, a language model. */
export interface Callee {
	readonly id: string;
	readonly name: string;
	readonly lane: Lane;
	readonly limits?: CallLimits;
	health?(signal: AbortSignal): Promise<void>;
}

/** One call, however often it is made. */
export interface Call<Result> {
	/** Aborted when nobody waits any more. */
	readonly signal: AbortSignal;
	/** What is done, for traces, e.g. `decoder.generate`. */
	readonly span: string;
	readonly attributes: Readonly<Record<string, string | number>>;
	/** Makes the call, once. Its signal is aborted when the time is up, too. */
	readonly work: (limited: AbortSignal) => Promise<Result>;
}

/** Milliseconds that a model has to stop its backend, once nobody waits any more. */
const graceMs = 1000;

const networkLimits = { concurrency: 4, timeoutMs: 120_000, retries: 2 };
const localLimits = { concurrency: 1, retries: 0 };

/** Limits with every default filled in. */
export type Limits = CallLimits & Required<Pick<CallLimits, "concurrency" | "retries">>;

export class Caller {
	/** What is kept to. */
	readonly limits: Limits;
	readonly #callee: Callee;
	readonly #throttle: Throttle;
	readonly #options: CallerOptions;

	/** @param overrules What the user's configuration says. */
	constructor(callee: Callee, overrules: CallLimits | undefined, options: CallerOptions) {
		this.#callee = callee;
		const defaults = callee.lane === "network" ? networkLimits : localLimits;
		this.limits = { ...defaults, ...callee.limits, ...overrules };
		this.#throttle = new Throttle(this.limits, options.clock);
		this.#options = options;
	}

	/**
	 * Makes a call, and makes it again where that helps.
	 *
	 * @throws DeDiffusionError What the plugin threw at last, `BACKEND_TIMEOUT` or `ABORTED`; whatever has no code is a
	 * defect of the plugin and passed on, without its secrets.
	 */
	call<Result>(call: Call<Result>): Promise<Result> {
		const { lanes, clock, log } = this.#options;
		const { id, lane } = this.#callee;
		const { signal } = call;
		return withRetries(
			(attempt) => this.#throttle.enter(signal, () => lanes.enter(lane, signal, () => this.#attempt(call, attempt))),
			{
				retries: this.limits.retries,
				signal,
				clock,
				onRetry: (error, waitMs) => {
					log("warn", `${id} is tried again in ${Math.round(waitMs)} ms: ${error.message}`);
				},
			},
		);
	}

	/** @throws DeDiffusionError What is missing. */
	async health(signal: AbortSignal): Promise<void> {
		try {
			await this.#within(signal, (limited) => this.#callee.health?.(limited) ?? Promise.resolve());
		} catch (error) {
			throw this.#typed(error);
		}
	}

	/** A text of the plugin as people may read it: without secrets. */
	redacted(text: string): string {
		return this.#options.redaction.text(text);
	}

	/** The same of warnings. */
	redactedAll<Warning extends { readonly message: string }>(warnings: readonly Warning[]): Warning[] {
		return warnings.map((warning) => ({ ...warning, message: this.redacted(warning.message) }));
	}

	/** The same of all that a result tells people: its warnings, and why it was kept back. */
	redactedResult<
		Result extends { readonly warnings: readonly { readonly message: string }[]; readonly reason?: string },
	>(result: Result): Result {
		return {
			...result,
			warnings: this.redactedAll(result.warnings),
			...(result.reason !== undefined && { reason: this.redacted(result.reason) }),
		};
	}

	/** @throws DeDiffusionError `BACKEND_PROTOCOL` unless there is one result for each request. */
	requireOneEach(results: unknown, requests: readonly unknown[]): void {
		if (!Array.isArray(results) || results.length !== requests.length) {
			const given = Array.isArray(results) ? results.length : "no";
			throw new DeDiffusionError(
				"BACKEND_PROTOCOL",
				`${this.#callee.id} gave ${given} results for ${requests.length} requests.`,
			);
		}
	}

	async #attempt<Result>({ signal, span, attributes, work }: Call<Result>, attempt: number): Promise<Result> {
		try {
			return await this.#options.trace(span, { ...attributes, attempt }, () => this.#within(signal, work));
		} catch (error) {
			const typed = this.#typed(error);
			if (DeDiffusionError.is(typed) && typed.code === "BACKEND_RATE_LIMITED") {
				// Whoever waits behind this one would be refused just the same.
				this.#throttle.pause(typed.retryAfterMs ?? 0);
			}
			throw typed;
		}
	}

	/**
	 * Runs work under the model's time limit. One in the network that does not stop when it is told to is left
	 * behind; a local one is waited for, because its device is not free before.
	 */
	async #within<Result>(signal: AbortSignal, work: (limited: AbortSignal) => Promise<Result>): Promise<Result> {
		const { clock } = this.#options;
		const { timeoutMs } = this.limits;
		const deadline = timeoutMs === undefined ? undefined : clock.deadline(timeoutMs);
		const limited = deadline === undefined ? signal : AbortSignal.any([signal, deadline]);
		const isLate = () => deadline?.aborted === true && !signal.aborted;
		const tooLate = (cause?: unknown) =>
			isLate()
				? new DeDiffusionError("BACKEND_TIMEOUT", `${this.#callee.name} took longer than ${timeoutMs} ms.`, { cause })
				: new DeDiffusionError("ABORTED", "The result is not wanted any more.", { cause });

		const working = work(limited).catch((error: unknown) => {
			throw limited.aborted && !isFinal(error, isLate()) ? tooLate(error) : error;
		});
		if (this.#callee.lane !== "network") {
			return working;
		}
		const settled = new AbortController();
		const { promise: leftBehind, reject } = Promise.withResolvers<never>();
		const leave = () => void clock.sleep(graceMs, settled.signal).then(() => reject(tooLate()));
		if (limited.aborted) {
			leave();
		} else {
			limited.addEventListener("abort", leave, { once: true, signal: settled.signal });
		}
		try {
			return await Promise.race([working, leftBehind]);
		} finally {
			leftBehind.catch(() => undefined);
			working.catch(() => undefined);
			settled.abort();
		}
	}

	/**
	 * The error with a code where there is one, also below those that client libraries put around it; without secrets, and
	 * without the places of files.
	 */
	#typed(error: unknown): Error {
		const { redaction, paths } = this.#options;
		const known = findCause(error, (cause): cause is DeDiffusionError => DeDiffusionError.is(cause));
		return paths.error(redaction.error(known ?? (error instanceof Error ? error : new Error(String(error)))));
	}
}

/** Whether an error that came after the abort says more than that it was aborted. */
function isFinal(error: unknown, isLate: boolean): boolean {
	const known = findCause(error, (cause): cause is DeDiffusionError => DeDiffusionError.is(cause));
	return known !== undefined && !(isLate && known.code === "ABORTED");
}
