import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMerges, tokenizerId } from "./tokenizer-id.ts";

const vocabulary = fc.dictionary(fc.string({ unit: "grapheme" }), fc.nat({ max: 50_000 }), { minKeys: 1, maxKeys: 20 });
const merges = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 10 });

describe("a tokenizer's id", () => {
	it("depends on what its files hold, not on the order of the vocabulary's keys", () => {
		fc.assert(
			fc.property(vocabulary, merges, (tokens, pairs) => {
				const turned = Object.fromEntries(Object.entries(tokens).reverse());
				expect(tokenizerId(turned, pairs)).toBe(tokenizerId(tokens, pairs));
				expect(tokenizerId(tokens, pairs)).toMatch(/^[0-9a-f]{64}$/);
			}),
		);
	});

	it("is another one for another token, another number and another merge", () => {
		fc.assert(
			fc.property(vocabulary, merges, (tokens, pairs) => {
				const [[token, id]] = Object.entries(tokens) as [[string, number]];
				const { [token]: _, ...others } = tokens;
				const ids = [
					tokenizerId(tokens, pairs),
					tokenizerId(others, pairs),
					tokenizerId({ ...tokens, [token]: id + 50_001 }, pairs),
					tokenizerId(tokens, [...pairs, "a b"]),
				];
				expect(new Set(ids).size).toBe(ids.length);
			}),
		);
	});
});

it("merges are read without their header, whatever ends the lines", () => {
	expect(readMerges("#version: 0.2\r\na b\r\nab c</w>\r\n")).toEqual(["a b", "ab c</w>"]);
	expect(readMerges("# #\n#version x")).toEqual(["# #", "#version x"]);
});
