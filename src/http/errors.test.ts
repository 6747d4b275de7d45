/**
 * Plain routes answer errors in GraphQL's form, and say nothing of defects.
 *
 * @module
 */
import Fastify from "fastify";
import { expect, test } from "vitest";
import { refusalOf } from "../../test/refusals.ts";
import { DeDiffusionError } from "../plugins/index.ts";
import { answerError, requestId } from "./errors.ts";

async function answerTo(thrown: unknown) {
	const app = Fastify({ genReqId: requestId });
	app.setErrorHandler(answerError);
	app.get("/", async () => {
		throw thrown;
	});
	const { statusCode: status, body, headers } = await app.inject("/");
	await app.close();
	return { headers, refusal: await refusalOf(new Response(body, { status })) };
}

test("a typed error has its code's status and all that it knows", async () => {
	const error = new DeDiffusionError("BACKEND_RATE_LIMITED", "Slower.", { input: "decoder", retryAfterMs: 1500 });
	const { headers, refusal } = await answerTo(error);
	expect(refusal).toEqual({
		status: 503,
		message: "Slower.",
		code: "BACKEND_RATE_LIMITED",
		input: "decoder",
		advice: "Try again later.",
	});
	expect(headers["retry-after"]).toBe("2");
	expect(headers["content-type"]).toBe("application/json; charset=utf-8");
});

test("a defect is internal and keeps its words to itself", async () => {
	const { refusal } = await answerTo(new TypeError("secret of the server"));
	expect(refusal).toMatchObject({ status: 500, code: "INTERNAL" });
	expect(JSON.stringify(refusal)).not.toContain("secret");
	expect(refusal.message).toMatch(/request [0-9a-f-]{36}/);
});

test("a client's mistake that Fastify found keeps its status", async () => {
	const { refusal } = await answerTo(Object.assign(new Error("No such type."), { statusCode: 415 }));
	expect(refusal).toMatchObject({ status: 415, code: "INPUT_INVALID", message: "No such type." });
});
