/**
 * Without a token only this machine's own pages may ask, with one whoever has it.
 *
 * @module
 */
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusalOf } from "../../test/refusals.ts";
import { serve, type TestServer } from "../../test/server.ts";
import { isLoopback } from "./access.ts";

/** With headers that `fetch` keeps to itself. */
async function ask(server: TestServer, path: string, headers: Record<string, string>): Promise<Response> {
	const { promise, resolve, reject } = Promise.withResolvers<Response>();
	request(server.url + path, { headers }, async (answer) => {
		resolve(new Response(await text(answer), { status: answer.statusCode as number }));
	})
		.on("error", reject)
		.end();
	return promise;
}

describe("without a token", () => {
	let server: TestServer;
	beforeAll(async () => {
		server = await serve();
	});
	afterAll(() => server.close());

	test.each([
		{ host: "localhost" },
		{ host: "localhost:4000" },
		{ host: "LOCALHOST" },
		{ host: "127.0.0.1:80" },
		{ host: "127.8.8.8" },
		{ host: "[::1]:4000" },
		{ origin: "http://localhost:3000" },
		{ origin: "http://127.0.0.1" },
		{ origin: "https://[::1]:8443" },
	])("lets in %o", async (headers) => {
		expect((await ask(server, "/readyz", headers)).status).toBe(200);
	});

	test.each([
		{ host: "evil.example" },
		{ host: "localhost.evil.example" },
		{ host: "127.0.0.1.evil.example" },
		{ host: "192.168.0.7:4000" },
		{ host: "[::2]" },
		{ host: "a b" },
	])("refuses %o, also for pictures and unknown paths", async (headers) => {
		for (const path of ["/readyz", "/graphql?query={__typename}", "/pictures/x", "/nothing"]) {
			const refusal = await refusalOf(await ask(server, path, headers));
			expect(refusal).toMatchObject({ status: 403, code: "HOST_REFUSED", input: "Host" });
		}
	});

	test.each(["https://evil.example", "http://localhost.evil.example", "null", "http://10.0.0.1"])(
		"refuses pages of %s",
		async (origin) => {
			const refusal = await refusalOf(await ask(server, "/graphql", { origin }));
			expect(refusal).toMatchObject({ status: 403, code: "HOST_REFUSED", input: "Origin" });
		},
	);

	test("tells anybody that it is alive", async () => {
		expect((await ask(server, "/healthz", { host: "probe.example" })).status).toBe(200);
	});
});

describe("with a token", () => {
	const token = "s3cret";
	let server: TestServer;
	beforeAll(async () => {
		server = await serve({ token, host: "0.0.0.0" });
	});
	afterAll(() => server.close());

	test.each([
		{},
		{ authorization: "Bearer" },
		{ authorization: "Bearer wrong" },
		{ authorization: "Bearer s3cret2" },
		{ authorization: "Basic s3cret" },
		{ authorization: "s3cret" },
	])("refuses %o everywhere", async (headers) => {
		for (const path of ["/graphql", "/readyz", "/pictures/x", "/graphql/assets/x", "/nothing", "/"]) {
			const refusal = await refusalOf(await fetch(server.url + path, { headers }));
			expect(refusal).toMatchObject({ status: 401, code: "UNAUTHENTICATED", input: "Authorization" });
			expect(refusal.message).not.toContain(token);
		}
	});

	test("lets in who has it, under any host name", async () => {
		for (const headers of [
			{ authorization: "Bearer s3cret" },
			{ authorization: "bearer  s3cret", host: "my.example" },
		]) {
			expect((await ask(server, "/readyz", headers)).status).toBe(200);
		}
	});

	test("says how to show it", async () => {
		expect((await fetch(`${server.url}/readyz`)).headers.get("www-authenticate")).toContain("Bearer");
	});

	test("tells anybody that it is alive", async () => {
		expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
	});
});

test.each(["localhost", "127.0.0.1", "127.255.0.9", "::1"])("%s is this machine", (host) => {
	expect(isLoopback(host)).toBe(true);
});

test.each(["0.0.0.0", "::", "192.168.1.1", "127.0.0.1.example", "example.org", "", "128.0.0.1"])(
	"%j is not this machine alone",
	(host) => {
		expect(isLoopback(host)).toBe(false);
	},
);
