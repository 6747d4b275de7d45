/**
 * Alive as long as the process, ready as long as it takes work.
 *
 * @module
 */
import Fastify from "fastify";
import { expect, test } from "vitest";
import { answerError } from "./errors.ts";
import { healthRoutes } from "./health.ts";

test("is alive and ready, and from the begin of its end alive only", async () => {
	let ready = true;
	const app = Fastify();
	app.setErrorHandler(answerError);
	healthRoutes(app, () => ready);
	const ask = async (url: string) => {
		const answer = await app.inject(url);
		return [answer.statusCode, answer.json().status ?? answer.json().errors[0].extensions.code];
	};
	expect(await ask("/healthz")).toEqual([200, "ok"]);
	expect(await ask("/readyz")).toEqual([200, "ready"]);
	ready = false;
	expect(await ask("/healthz")).toEqual([200, "ok"]);
	expect(await ask("/readyz")).toEqual([503, "SHUTTING_DOWN"]);
	await app.close();
});
