/**
 * Whether the process lives, and whether it can take work.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import { DeDiffusionError } from "../plugins/index.ts";

/**
 * `GET /healthz` answers as long as the process lives; `GET /readyz` while it takes work.
 *
 * @param isReady False from the moment that shutdown begins.
 */
export function healthRoutes(app: FastifyInstance, isReady: () => boolean): void {
	app.get("/healthz", { config: { public: true } }, async () => ({ status: "ok" }));
	app.get("/readyz", async () => {
		if (!isReady()) {
			throw new DeDiffusionError("SHUTTING_DOWN", "The server is about to stop.");
		}
		return { status: "ready" };
	});
}
