import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escaped } from "./prompt.ts";
import { readPrompt } from "./testing/reading.ts";

const asWords = (text: string) => [{ weight: 1, reading: [[text, 1]] }];
const readPlainly = (text: string) => readPrompt(escaped(text), { hidesComments: false });

describe("a text with the web UI's syntax", () => {
	it.each([
		["a (red) apple", "a \\(red\\) apple"],
		["a (red:1.3) [apple|pear]", "a \\(red:1.3\\) \\[apple|pear\\]"],
		["[apple:pear:0.5]", "\\[apple:pear:0.5\\]"],
		["C:\\apples\\", "C:\\\\apples\\\\"],
		["already \\(escaped\\)", "already \\\\\\(escaped\\\\\\)"],
		["an apple AND a pear", "an apple A\\ND a pear"],
		["an apple BREAK a pear", "an apple B\\REAK a pear"],
		["<lora:apples:0.8> an apple", "<\\lora:apples:0.8> an apple"],
		["a clock that says 7:30", "a clock that says 7:\\30"],
		["a scale: -.5 ", "a scale:\\ -.5 "],
	])("is sent so that %j means itself", (text, sent) => {
		expect(readPrompt(text, { hidesComments: false })).not.toEqual(asWords(text.trimEnd()));
		expect(escaped(text)).toBe(sent);
		expect(readPlainly(text)).toEqual(asWords(text.trimEnd()));
	});

	it.each(["a red apple, on a table", "SAND and BREAKFAST", "1 < 2 > 1", "{a|b}", "at 7:30 sharp", "$1.50 & more"])(
		"is left alone where it means itself: %j",
		(text) => {
			expect(escaped(text)).toBe(text);
			expect(readPlainly(text)).toEqual(asWords(text));
		},
	);

	it("means itself whatever it is made of", () => {
		const pieces = fc.constantFrom(
			..."()[]\\:|<>{}1.5 ab-+\n",
			"AND",
			"BREAK",
			"lora",
			"<lora:x:1>",
			":1.2)",
			"é",
			": 3",
		);
		fc.assert(
			fc.property(fc.array(pieces, { minLength: 1 }), (parts) => {
				const text = parts.join("");
				const seen = text.replace(/\s+$/, "");
				expect(readPlainly(text)).toEqual(seen === "" ? [{ weight: 1, reading: [] }] : asWords(seen));
			}),
			{ numRuns: 2000 },
		);
	});
});
