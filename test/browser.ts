/**
 * A real browser for tests: the Chromium that is installed, or the one that `CHROMIUM` names.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";

const usualPlaces = [
	"/usr/bin/chromium",
	"/usr/bin/chromium-browser",
	"/usr/bin/google-chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Undefined where none is installed; tests that need one are skipped there, and `.ci/run` installs one. */
export const browserPath: string | undefined = process.env.CHROMIUM ?? usualPlaces.find((path) => existsSync(path));

export interface OpenPage {
	readonly page: Page;
	/** Addresses on other hosts that the page asked for; it did not get them. */
	readonly outside: readonly string[];
	/** What scripts threw or logged as errors. */
	readonly complaints: readonly string[];
}

/** Opens a page in a browser that reaches nothing but `origin`. Both are closed at the end of the test. */
export async function openPage(origin: string, path: string): Promise<OpenPage> {
	const browser = await chromium.launch({
		...(browserPath && { executablePath: browserPath }),
		args: ["--no-sandbox"],
	});
	onTestFinished(() => browser.close());
	const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
	const outside: string[] = [];
	const complaints: string[] = [];
	await page.route("**/*", (route) => {
		const url = route.request().url();
		if (url.startsWith(origin)) {
			return route.continue();
		}
		outside.push(url);
		return route.abort();
	});
	page.on("pageerror", (error) => complaints.push(String(error)));
	page.on("console", (message) => {
		if (message.type() === "error") {
			complaints.push(message.text());
		}
	});
	await page.goto(`${origin}${path}`);
	return { page, outside, complaints };
}
