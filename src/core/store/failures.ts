/**
 * What the disk and the database complain about, in the words of our table.
 *
 * @module
 */
import { DeDiffusionError } from "../../plugins/index.ts";

/** A failed read or write as a typed error; typed ones pass through. */
export function storageError(error: unknown, what: string): DeDiffusionError {
	if (DeDiffusionError.is(error)) {
		return error;
	}
	return isDiskFull(error)
		? new DeDiffusionError("STORAGE_FULL", `The disk is full: ${what} could not be kept.`, { cause: error })
		: new DeDiffusionError("STORAGE_FAILED", `The storage failed: ${what} could not be read or kept.`, {
				cause: error,
			});
}

function isDiskFull(error: unknown): boolean {
	for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
		const code = "code" in cause ? cause.code : undefined;
		// ENOSPC and EDQUOT are the file system's words, 53100 is PostgreSQL's disk_full.
		if (code === "ENOSPC" || code === "EDQUOT" || code === "53100" || /no space left/i.test(cause.message)) {
			return true;
		}
	}
	return false;
}
