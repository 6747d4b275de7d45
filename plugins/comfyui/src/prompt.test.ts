import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escaped, withoutEmbeddings } from "./prompt.ts";
import { readText } from "./testing/reading.ts";

describe("a text with ComfyUI's syntax", () => {
	it.each([
		["a (red) apple", "a \\(red\\) apple"],
		["a (red:1.3) apple", "a \\(red:1.3\\) apple"],
		["already \\(escaped\\)", "already \\\\(escaped\\\\)"],
		["embedding:apples and embedding:pears", "embedding :apples and embedding :pears"],
	])("is sent so that %j means itself", (text, sent) => {
		expect(readText(text)).not.toEqual([[text, 1]]);
		expect(escaped(text)).toBe(sent);
		expect(readText(sent)).toEqual([[withoutEmbeddings(text), 1]]);
	});

	it.each([
		"a red apple, on a table",
		"[a:b:0.5] {a|b} /* c */ // d",
		"a AND b BREAK c",
		"<lora:x:1>",
		"C:\\apples",
		"at 7:30",
	])("is left alone where it means itself: %j", (text) => {
		expect(escaped(text)).toBe(text);
		expect(readText(text)).toEqual([[text, 1]]);
	});

	it("means itself whatever it is made of", () => {
		const pieces = fc.constantFrom(..."()\\: ab1.\n", "embedding:", "embedding:x", ":1.2)", "\\)", "\\\\(", "é");
		fc.assert(
			fc.property(fc.array(pieces, { minLength: 1 }), (parts) => {
				const text = parts.join("");
				expect(readText(escaped(text))).toEqual([[withoutEmbeddings(text), 1]]);
			}),
			{ numRuns: 2000 },
		);
	});
});
