/**
 * The host around one decoder: splits what waits into calls, and sees each call through – turn, time limit, repetition,
 * checks – so that a plugin need not.
 *
 * @module
 */
import {
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecoderLimits,
	DeDiffusionError,
	type GenerateContext,
	type Trace,
} from "../../plugins/index.ts";
import { findCause } from "../../plugins/network/addresses.ts";
import type { Redaction } from "../../plugins/network/redaction.ts";
import type { Clock } from "./clock.ts";
import type { Lanes } from "./lanes.ts";
import { withRetries } from "./retry.ts";
import { Throttle } from "./throttle.ts";

/** What all decoders of a server share. */
export interface CallerOptions {
	readonly lanes: Lanes;
	readonly clock: Clock;
	readonly trace: Trace;
	readonly redaction: Redaction;
	readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** Milliseconds that a decoder has to stop its backend, once nobody waits any more. */
const graceMs = 1000;

const networkLimits = { concurrency: 4, timeoutMs: 120_000, retries: 2 };
const localLimits = { concurrency: 1, retries: 0 };

/** Limits with every default filled in. */
export type Limits = DecoderLimits & Required<Pick<DecoderLimits, "concurrency" | "retries">>;

export class Caller {
	/** What is kept to. */
	readonly limits: Limits;
	readonly #decoder: Decoder;
	readonly #throttle: Throttle;
	readonly #options: CallerOptions;

	/** @param overrules What the user's configuration says. */
	constructor(decoder: Decoder, overrules: DecoderLimits | undefined, options: CallerOptions) {
		this.#decoder = decoder;
		const defaults = decoder.lane === "network" ? networkLimits : localLimits;
		this.limits = { ...defaults, ...decoder.limits, ...overrules };
		this.#throttle = new Throttle(this.limits, options.clock);
		this.#options = options;
	}

	/**
	 * One call of `generate`, repeated where that helps.
	 *
	 * @throws DeDiffusionError What the decoder threw at last, `BACKEND_TIMEOUT`, `BACKEND_PROTOCOL` or `ABORTED`; whatever
	 * has no code is a defect of the plugin and passed on, without its secrets.
	 */
	generate(requests: readonly DecodeRequest[], context: GenerateContext): Promise<readonly DecodeResult[]> {
		const { lanes, clock, log } = this.#options;
		const { id, lane } = this.#decoder;
		const { signal } = context;
		return withRetries(
			(attempt) =>
				this.#throttle.enter(signal, () => lanes.enter(lane, signal, () => this.#attempt(requests, context, attempt))),
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
			await this.#within(signal, (limited) => this.#decoder.health?.(limited) ?? Promise.resolve());
		} catch (error) {
			throw this.#typed(error);
		}
	}

	async #attempt(
		requests: readonly DecodeRequest[],
		{ signal, onProgress }: GenerateContext,
		attempt: number,
	): Promise<readonly DecodeResult[]> {
		const { id } = this.#decoder;
		const { trace } = this.#options;
		const attributes = { decoder: id, requests: requests.length, attempt };
		try {
			const results = await trace("decoder.generate", attributes, () =>
				this.#within(signal, (limited) => this.#decoder.generate(requests, { signal: limited, onProgress })),
			);
			return this.#checked(results, requests.length);
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
	 * Runs work under the decoder's time limit. A decoder in the network that does not stop when it is told to is left
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
				? new DeDiffusionError("BACKEND_TIMEOUT", `${this.#decoder.name} took longer than ${timeoutMs} ms.`, { cause })
				: new DeDiffusionError("ABORTED", "The picture is not wanted any more.", { cause });

		const working = work(limited).catch((error: unknown) => {
			throw limited.aborted && !isFinal(error, isLate()) ? tooLate(error) : error;
		});
		if (this.#decoder.lane !== "network") {
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

	#checked(results: readonly DecodeResult[], wanted: number): readonly DecodeResult[] {
		const { id } = this.#decoder;
		if (!Array.isArray(results) || results.length !== wanted) {
			const given = Array.isArray(results) ? results.length : "no";
			throw new DeDiffusionError("BACKEND_PROTOCOL", `${id} gave ${given} results for ${wanted} requests.`);
		}
		const { redaction } = this.#options;
		return results.map((result: DecodeResult) => ({
			...result,
			warnings: result.warnings.map((warning) => ({ ...warning, message: redaction.text(warning.message) })),
			...(result.status === "filtered" && { reason: redaction.text(result.reason) }),
		}));
	}

	/** The error with a code where there is one, also below those that client libraries put around it; without secrets. */
	#typed(error: unknown): Error {
		const known = findCause(error, (cause): cause is DeDiffusionError => DeDiffusionError.is(cause));
		return this.#options.redaction.error(known ?? (error instanceof Error ? error : new Error(String(error))));
	}
}

/** Whether an error that came after the abort says more than that it was aborted. */
function isFinal(error: unknown, isLate: boolean): boolean {
	const known = findCause(error, (cause): cause is DeDiffusionError => DeDiffusionError.is(cause));
	return known !== undefined && !(isLate && known.code === "ABORTED");
}
