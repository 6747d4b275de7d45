import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brush } from "../../../test/brush.ts";
import { checkTokens, tokenIdsFor, tokensFor } from "./tokens.ts";

const tokenizer = "a".repeat(64);
const reading = brush("oil", { capabilities: { tokenizer } });
const plain = brush("ink");

describe("token ids", () => {
	it("are whole numbers from 0, one at least", () => {
		fc.assert(
			fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 100 }), (ids) => checkTokens({ tokenizer, ids })),
		);
		for (const ids of [[], [1.5], [-1], [Number.NaN], new Array<number>(1025).fill(1)]) {
			expect(() => checkTokens({ tokenizer, ids }, "input.tokens")).toThrow(
				expect.objectContaining({ code: "INPUT_INVALID", input: "input.tokens.ids" }),
			);
		}
	});

	it("reach a decoder with their tokenizer", () => {
		expect(tokenIdsFor(reading, { tokenizer, ids: [3, 1] })).toEqual({ request: { tokenIds: [3, 1] }, warnings: [] });
		expect(tokenIdsFor(reading, undefined)).toEqual({ request: {}, warnings: [] });
	});

	it.each([
		["another tokenizer", reading, { tokenizer: "b".repeat(64), ids: [1] }],
		["none that it names", plain, { tokenizer, ids: [1] }],
	])("do not reach a decoder with %s, which warns", (_, decoder, tokens) => {
		const { request, warnings } = tokenIdsFor(decoder, tokens);
		expect(request).toEqual({});
		expect(warnings).toMatchObject([
			{ type: "unsupported", setting: "prompt", message: expect.stringContaining(decoder.name) },
		]);
	});

	it("of a text are taken where they mean the same, and silently left out elsewhere", () => {
		const attention = { width: 1, height: 1, weights: Float32Array.of(1) };
		const tokens = [7, 8].map((id) => ({ id, text: `${id}`, score: 1, attention }));
		expect(tokensFor(reading, { tokenizer, tokens })).toEqual({ tokenizer, ids: [7, 8] });
		expect(tokensFor(plain, { tokenizer, tokens })).toBeUndefined();
		expect(tokensFor(reading, { tokens })).toBeUndefined();
	});
});
