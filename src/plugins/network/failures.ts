/**
 * What went wrong between the host and a service, in the codes of the SDK.
 *
 * @module
 */
import { DeDiffusionError } from "../errors.ts";
import { ForbiddenAddress, findCause } from "./addresses.ts";

/** The error that a plugin gets to see: one with a code already, or what became of the request in the codes of the SDK. */
export function typed(error: unknown, address: URL, signal: AbortSignal): Error {
	const known = findCause(error, (cause): cause is DeDiffusionError => DeDiffusionError.is(cause));
	if (known !== undefined) {
		return known;
	}
	const forbidden = findCause(error, (cause): cause is ForbiddenAddress => cause instanceof ForbiddenAddress);
	if (forbidden !== undefined) {
		return new DeDiffusionError(
			"BACKEND_PROTOCOL",
			`The backend leads to ${forbidden.host}, which is not on the public internet.`,
			{ advice: `If it belongs to the service, add ${address.origin} to network.privateOrigins.`, cause: error },
		);
	}
	if (signal.aborted) {
		return isTimeout(signal.reason)
			? new DeDiffusionError("BACKEND_TIMEOUT", `${address.host} did not answer in time.`, { cause: error })
			: new DeDiffusionError("ABORTED", "The request to the backend was given up.", { cause: error });
	}
	return new DeDiffusionError("BACKEND_UNAVAILABLE", `${address.host} cannot be reached, or broke off.`, {
		cause: error,
	});
}

function isTimeout(reason: unknown): boolean {
	return reason instanceof Error && reason.name === "TimeoutError";
}
