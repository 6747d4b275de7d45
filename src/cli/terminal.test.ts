/**
 * What people and programs read of a command.
 *
 * @module
 */
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { DeDiffusionError } from "../plugins/index.ts";
import { bytesInWords, errorJson, friendlyLine, measureInWords, Progress } from "./terminal.ts";

/** What a progress writes to a terminal or a file. */
function written(isTTY: boolean, use: (progress: Progress) => void): string {
	const stream = Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream;
	use(new Progress(stream));
	return String(stream.read() ?? "");
}

const threeSteps = (progress: Progress) => {
	progress.show("encoding");
	progress.show("drawing", 0.25);
	progress.show("drawing", 0.5);
	progress.end();
};

describe("progress", () => {
	test("overwrites its line on a terminal and removes it in the end", () => {
		expect(written(true, threeSteps)).toBe("\r\x1b[Kencoding\r\x1b[Kdrawing 25%\r\x1b[Kdrawing 50%\r\x1b[K");
	});

	test("is a line for each change elsewhere", () => {
		expect(written(false, threeSteps)).toBe("encoding\ndrawing\n");
	});

	test("that showed nothing removes nothing", () => {
		expect(written(true, (progress) => progress.end())).toBe("");
	});
});

const typed = new DeDiffusionError("TEXT_EMPTY", "The text is empty.", { input: "text" });

test("a typed error is one line with its code and advice", () => {
	expect(friendlyLine(typed)).toBe("The text is empty. [TEXT_EMPTY] Give at least one word.");
	expect(JSON.parse(errorJson(typed))).toEqual({
		error: {
			code: "TEXT_EMPTY",
			message: "The text is empty.",
			input: "text",
			advice: "Give at least one word.",
			retryable: false,
		},
	});
});

test.each([new Error("oh"), "oh"])("anything else is internal", (error) => {
	expect(friendlyLine(error)).toBe("oh [INTERNAL]");
	expect(JSON.parse(errorJson(error))).toEqual({ error: { code: "INTERNAL", message: "oh" } });
});

test.each([
	[0, "0 B"],
	[999, "999 B"],
	[1000, "1.0 kB"],
	[9949, "9.9 kB"],
	[9950, "10 kB"],
	[999_499, "999 kB"],
	[999_500, "1.0 MB"],
	[1_720_000_000, "1.7 GB"],
	[5e15, "5000 TB"],
])("%d bytes are %s", (bytes, words) => {
	expect(bytesInWords(bytes)).toBe(words);
});

test.each([
	[{ value: 0.312_345 }, "LPIPS 0.3123"],
	[{ value: 12_345.678, unit: "dB" }, "LPIPS 12350 dB"],
	[{ value: null, unit: "dB" }, "LPIPS - dB"],
])("says what a metric says: %j", (said, line) => {
	expect(measureInWords({ metric: "lpips", name: "LPIPS", higherIsBetter: false, ...said })).toBe(line);
});
