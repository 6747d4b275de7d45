import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLength, type DeDiffusionText, prefix } from "./text.ts";
import { Vocabulary } from "./vocabulary.ts";

const vocabulary = new Vocabulary({ "a</w>": 0, "cat</w>": 1, hou: 2, "se</w>": 3 });

function textOf(ids: readonly number[]): DeDiffusionText {
	const join = (some: readonly number[]) => vocabulary.join(some);
	const attention = { width: 1, height: 1, weights: Float32Array.of(1) };
	return {
		text: join(ids),
		tokens: ids.map((id, index) => ({ id, text: vocabulary.read(id), score: 1 / (index + 1), attention })),
		encoder: "tiny",
		head: (length) => join(ids.slice(0, length)),
		warnings: [],
		join,
	};
}

describe("a prefix", () => {
	it("is a text of its own", () => {
		const text = textOf([0, 2, 3, 1]);
		expect(text.text).toBe("a house cat");
		expect(prefix(text, 3)).toEqual({ ...text, text: "a house", tokens: text.tokens.slice(0, 3) });
	});

	it("may end within a word", () => {
		expect(prefix(textOf([0, 2, 3]), 2).text).toBe("a hou");
	});

	it("of a prefix is the prefix, and of full length the text itself", () => {
		const ids = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 8 });
		fc.assert(
			fc.property(ids, fc.nat(), fc.nat(), (some, longer, shorter) => {
				const text = textOf(some);
				const long = 1 + (longer % some.length);
				const short = 1 + (shorter % long);
				expect(prefix(prefix(text, long), short)).toEqual(prefix(text, short));
				expect(prefix(text, some.length)).toEqual(text);
				expect(text.text.startsWith(prefix(text, short).text)).toBe(true);
			}),
		);
	});

	it.each([0, -1, 5, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("of length %d is refused", (length) => {
		expect(() => prefix(textOf([0, 1, 2, 3]), length)).toThrow(
			expect.objectContaining({
				code: "INPUT_INVALID",
				input: "length",
				message: `The length ${length} is not between 1 and 4.`,
				advice: expect.stringContaining("1 to 4"),
			}),
		);
	});

	it("may have every length from 1 to that of the text", () => {
		for (const length of [1, 2, 3, 4]) {
			expect(() => checkLength(length, 4)).not.toThrow();
		}
	});
});
