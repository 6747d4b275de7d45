/**
 * Clients that do not wait for their answer.
 *
 * @module
 */
import type { FastifyReply } from "fastify";

/** Aborted when the client hangs up before it has its answer. */
export function abandoned(reply: FastifyReply): AbortSignal {
	const controller = new AbortController();
	reply.raw.once("close", () => {
		if (!reply.raw.writableFinished) {
			controller.abort();
		}
	});
	return controller.signal;
}
