/**
 * The page at /graphql works without the internet.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusalOf } from "../../test/refusals.ts";
import { serve, type TestServer } from "../../test/server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await serve();
});
afterAll(() => server.close());

/** As browsers ask. */
const browser = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const openPage = () => fetch(`${server.url}/graphql`, { headers: browser });

test("is given to a browser, and may load from here only", async () => {
	const answer = await openPage();
	expect(answer.status).toBe(200);
	expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
	expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'self';/);
	expect(await answer.text()).toContain("<title>De-Diffusion</title>");
});

test("is where the server's address leads", async () => {
	const answer = await fetch(server.url, { headers: browser });
	expect(answer.url).toBe(`${server.url}/graphql`);
	expect(answer.headers.get("content-type")).toContain("text/html");
});

test("names no other host, and all that it names is served here", async () => {
	const page = await (await openPage()).text();
	const named = [...page.matchAll(/\b(?:src|href)\s*=\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"|from "([^"]+)"/g)];
	const addresses = named
		.map(([, attribute, imported, from]) => attribute ?? imported ?? from ?? "")
		.filter((address) => !address.startsWith("data:"));
	expect(addresses.length).toBeGreaterThan(1);
	for (const address of addresses) {
		const url = new URL(address, `${server.url}/graphql`);
		expect(url.origin).toBe(server.url);
		const answer = await fetch(url);
		expect([address, answer.status]).toEqual([address, 200]);
		expect((await answer.bytes()).length).toBeGreaterThan(0);
	}
});

test("has no asset that it has not", async () => {
	const answer = await fetch(`${server.url}/graphql/assets/nothing.js`);
	expect(await refusalOf(answer)).toMatchObject({ status: 404, code: "ROUTE_NOT_FOUND" });
});

test("does not stand in the way of programs", async () => {
	const url = `${server.url}/graphql?query=${encodeURIComponent("{ __typename }")}`;
	const answer = await fetch(url, { headers: { accept: "application/json", "content-type": "application/json" } });
	expect(await answer.json()).toEqual({ data: { __typename: "Query" } });
});

test("an unknown path is said to be one", async () => {
	const refusal = await refusalOf(await fetch(`${server.url}/nothing/here`));
	expect(refusal).toMatchObject({
		status: 404,
		code: "ROUTE_NOT_FOUND",
		message: expect.stringContaining("/nothing/here"),
	});
});
