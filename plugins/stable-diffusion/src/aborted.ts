/**
 * The end of a request that nobody waits for any more.
 *
 * @module
 */
import { DeDiffusionError } from "dediffusion/plugin";

/** @throws DeDiffusionError `ABORTED` once nobody waits for the picture any more. */
export function throwIfAborted(signal: AbortSignal): void {
	if (signal.aborted) throw new DeDiffusionError("ABORTED", "Drawing was cancelled.", { cause: signal.reason });
}
