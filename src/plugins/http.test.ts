import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { bytesOfBase64, failureOf, readFailure, readJson, readPictureFile, retryAfterMs } from "./index.ts";

const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
	new Response(body, { status, headers });

describe("Retry-After", () => {
	const now = Date.parse("2026-01-02T03:04:05Z");
	it.each([
		["5", 5000],
		[" 0 ", 0],
		["1.5", 1500],
		["Fri, 02 Jan 2026 03:04:35 GMT", 30_000],
		["Fri, 02 Jan 2026 03:00:00 GMT", 0],
		["soon", undefined],
		["-3", undefined],
		["", undefined],
	])("of %j is %j ms", (value, expected) => {
		expect(retryAfterMs(new Headers({ "retry-after": value }), now)).toBe(expected);
	});

	it("may be missing", () => {
		expect(retryAfterMs(new Headers(), now)).toBeUndefined();
	});
});

describe("a failure", () => {
	it.each([
		[401, "BACKEND_AUTH"],
		[403, "BACKEND_AUTH"],
		[404, "BACKEND_INVALID_REQUEST"],
		[408, "BACKEND_TIMEOUT"],
		[422, "BACKEND_INVALID_REQUEST"],
		[429, "BACKEND_RATE_LIMITED"],
		[500, "BACKEND_UNAVAILABLE"],
		[503, "BACKEND_UNAVAILABLE"],
		[504, "BACKEND_TIMEOUT"],
		[304, "BACKEND_PROTOCOL"],
	])("with status %i has the code %s", async (status, code) => {
		expect(await failureOf(new Response(null, { status }))).toMatchObject({
			code,
			message: `The backend answered ${status}.`,
		});
	});

	it.each([
		['{"error":{"message":"too long"}}', "too long"],
		['{"error":"too long"}', "too long"],
		['{"message":"too long"}', "too long"],
		['{"detail":"too  long\\n"}', "too long"],
		['{"other":1}', '{"other":1}'],
		["too long", "too long"],
		["<!DOCTYPE html><title>nginx</title>", "an HTML page"],
	])("with the body %j says %j", async (body, reason) => {
		expect(await failureOf(answer(400, body))).toMatchObject({ message: `The backend answered 400: ${reason}` });
	});

	it("says no more than a person reads", async () => {
		expect((await failureOf(answer(400, "x".repeat(10_000)))).message.length).toBeLessThan(500);
	});
});

describe("a failure that says more than its status", () => {
	const schema = z.object({ code: z.string(), why: z.string().optional() });
	const read = (body: string) => readFailure(answer(429, body, { "retry-after": "2" }), schema, ({ why }) => why);

	it("is read in the service's own form too", async () => {
		const { failure, body } = await read('{"code":"quota","message":"no","why":"no money"}');
		expect(body).toEqual({ code: "quota", why: "no money" });
		expect(failure).toMatchObject({
			code: "BACKEND_RATE_LIMITED",
			message: "The backend answered 429: no money",
			retryAfterMs: 2000,
		});
	});

	it("gives its usual reason where its own says none", async () => {
		const { failure } = await read('{"code":"quota","message":"no"}');
		expect(failure.message).toBe("The backend answered 429: no");
	});

	it.each([
		['{"message":"no"}', "no"],
		["<html><h1>Proxy", "an HTML page"],
		["null", "null"],
		["later", "later"],
	])("of another form, %j, is a failure all the same", async (text, reason) => {
		const { failure, body } = await read(text);
		expect(body).toBeUndefined();
		expect(failure.message).toBe(`The backend answered 429: ${reason}`);
	});
});

describe("JSON", () => {
	const schema = z.object({ a: z.number() });
	it("is checked", async () => {
		expect(await readJson(answer(200, '{"a":1,"b":2}'), schema)).toEqual({ a: 1 });
		const wrong = readJson(answer(200, '{"a":"1"}'), schema);
		await expect(wrong).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(/form: a: /),
		});
	});

	it("must be some", async () => {
		const page = answer(200, "<html>", { "content-type": "text/html" });
		await expect(readJson(page, schema)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(/text\/html/),
		});
	});

	it("of a failure is not read as an answer", async () => {
		await expect(readJson(answer(503, '{"a":1}'), schema)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
	});
});

describe("a file", () => {
	it("comes as it is", async () => {
		expect(await readPictureFile(answer(200, "png", { "content-type": "image/png" }))).toEqual(Buffer.from("png"));
	});

	it.each(["text/html; charset=utf-8", "application/json"])("is no %s", async (type) => {
		const page = readPictureFile(answer(200, "x", { "content-type": type }));
		await expect(page).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});

	it("is not there after a failure", async () => {
		await expect(readPictureFile(answer(404, "gone"))).rejects.toMatchObject({ code: "BACKEND_INVALID_REQUEST" });
	});
});

describe("base64", () => {
	it("gives back the bytes, in a data URL too", () => {
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
				const text = Buffer.from(bytes).toString("base64");
				for (const form of [text, `data:image/png;base64,${text}`, `${text.slice(0, 3)}\n${text.slice(3)}`]) {
					expect(Buffer.from(bytesOfBase64(form)).equals(bytes)).toBe(true);
				}
			}),
		);
	});

	it.each(["", "a b!", "<html>", "ab===", "é"])("is not %j", (text) => {
		expect(() => bytesOfBase64(text)).toThrow(expect.objectContaining({ code: "BACKEND_PROTOCOL" }));
	});
});
