/**
 * Why one part of an answer is missing while the rest stands: a cell of a comparison, one metric of many.
 *
 * @module
 */
import { DeDiffusionError, errorCodes } from "../../plugins/index.ts";

/** An error as plain data that can be stored, with what its receiver needs to act. */
export interface Failure {
	/** One of docs/errors.md. */
	readonly code: string;
	readonly message: string;
	/** The argument, field, file or address at fault. */
	readonly input?: string;
	/** What to do about it; undefined in what earlier releases stored, whose messages end with it. */
	readonly advice?: string;
	/** Whether the same may succeed later; undefined in what earlier releases stored. */
	readonly retryable?: boolean;
}

/** What of a typed error may be stored and shown: not what lies under it. */
export function asFailure({ code, message, input, advice, retryable }: DeDiffusionError): Failure {
	return { code, message, ...(input !== undefined && { input }), advice, retryable };
}

/**
 * Any thrown value as a failure. What nobody foresaw becomes `INTERNAL` and goes to the log alone.
 *
 * @param what What failed, as the beginning of a sentence in the log, e.g. `A cell`.
 */
export function failureOf(error: unknown, what: string, log: (level: "error", message: string) => void): Failure {
	if (DeDiffusionError.is(error)) {
		return asFailure(error);
	}
	log("error", `${what} failed without a code: ${error instanceof Error ? error.message : String(error)}`);
	const { advice, retryable } = errorCodes.INTERNAL;
	return { code: "INTERNAL", message: "Something went wrong in the server.", advice, retryable };
}
