/**
 * The page at `/graphql` as a person meets it: in a real browser, without the internet.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { browserPath, openPage } from "./browser.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await serve();
});
afterAll(() => server.close());

test.skipIf(browserPath === undefined)(
	"shows the first query, runs it, and asks nobody else for anything",
	async () => {
		const { page, outside, complaints } = await openPage(server.url, "/graphql");
		expect(await page.title()).toBe("De-Diffusion");
		await page.getByText("Welcome to De-Diffusion").waitFor();
		await page.getByRole("button", { name: /execute query/i }).click();
		await page.locator(".graphiql-response", { hasText: "tiny-encoder" }).waitFor();
		if (process.env.SCREENSHOTS !== undefined) {
			await page.screenshot({ path: `${process.env.SCREENSHOTS}/graphiql.png` });
		}
		expect(outside).toEqual([]);
		expect(complaints).toEqual([]);
	},
);

test.skipIf(browserPath === undefined)("says what a query got wrong", async () => {
	const { page } = await openPage(server.url, "/graphql");
	await page.getByText("Welcome to De-Diffusion").click();
	await page.keyboard.press("ControlOrMeta+A");
	await page.keyboard.insertText("query Mine { encoders { nonsense } }");
	await page.getByRole("button", { name: /execute query/i }).click();
	await page.locator(".graphiql-response", { hasText: "Cannot query field" }).waitFor();
});
