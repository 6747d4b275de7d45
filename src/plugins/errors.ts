/**
 * Errors that are part of the API: each has a stable code, names the input that caused it and says what to do.
 *
 * @module
 */
import { type ErrorCode, errorCodes } from "./error-codes.ts";

export interface DeDiffusionErrorOptions {
	/** The argument, field, file or address at fault, as its user knows it, e.g. `picture.url`. */
	readonly input?: string;
	/** What to do about it, as one sentence; defaults to the code's own advice. */
	readonly advice?: string;
	/** Overrides the code's own answer to "may the same call succeed later?". */
	readonly retryable?: boolean;
	/** How long to wait before trying again, in milliseconds, when the backend said so. */
	readonly retryAfterMs?: number;
	/** What went wrong underneath. Logged, never sent to a client. */
	readonly cause?: unknown;
}

/** The only error that crosses a floor on purpose; anything else is a defect and reaches clients as `INTERNAL`. */
export class DeDiffusionError extends Error {
	override readonly name = "DeDiffusionError";
	readonly code: ErrorCode;
	readonly input: string | undefined;
	readonly advice: string;
	readonly retryable: boolean;
	readonly retryAfterMs: number | undefined;

	/**
	 * @param code One of {@link errorCodes}; stable across releases.
	 * @param message What happened, for a person; must hold no secret.
	 */
	constructor(code: ErrorCode, message: string, options: DeDiffusionErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.code = code;
		this.input = options.input;
		this.advice = options.advice ?? errorCodes[code].advice;
		this.retryable = options.retryable ?? errorCodes[code].retryable;
		this.retryAfterMs = options.retryAfterMs;
	}

	/** True for errors of this class, also when two copies of the package are loaded. */
	static is(value: unknown): value is DeDiffusionError {
		return value instanceof Error && value.name === "DeDiffusionError" && "code" in value;
	}
}
