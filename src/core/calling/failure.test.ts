import { expect, test } from "vitest";
import { DeDiffusionError } from "../../plugins/index.ts";
import { failureOf } from "./failure.ts";

const logged: string[] = [];
const log = (level: string, message: string) => void logged.push(`${level}: ${message}`);

test("a typed error keeps what its receiver needs, and nothing of what lies under it", () => {
	const cause = new Error("the key is secret");
	const options = { input: "settings.width", advice: "Use 64.", retryable: true, cause };
	expect(failureOf(new DeDiffusionError("SETTING_INVALID", "Too wide.", options), "A cell", log)).toEqual({
		code: "SETTING_INVALID",
		message: "Too wide.",
		input: "settings.width",
		advice: "Use 64.",
		retryable: true,
	});
	expect(logged).toEqual([]);
});

test("an error that names nothing and advises nothing has its code's own advice", () => {
	expect(failureOf(new DeDiffusionError("BACKEND_TIMEOUT", "It slept."), "A cell", log)).toEqual({
		code: "BACKEND_TIMEOUT",
		message: "It slept.",
		advice: expect.stringMatching(/\.$/),
		retryable: true,
	});
});

test.each([
	["an error", new TypeError("x is secret")],
	["anything else", "x is secret"],
])("%s that nobody foresaw goes to the log alone", (_, thrown) => {
	logged.length = 0;
	const failure = failureOf(thrown, "A cell", log);
	expect(failure).toMatchObject({ code: "INTERNAL", advice: expect.any(String), retryable: false });
	expect(JSON.stringify(failure)).not.toContain("secret");
	expect(logged).toEqual(["error: A cell failed without a code: x is secret"]);
});
