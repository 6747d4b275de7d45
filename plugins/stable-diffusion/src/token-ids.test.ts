import { join } from "node:path";
import type { DecodeRequest, PixelImage } from "dediffusion/plugin";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wholeFolder } from "./testing/families.ts";
import { open, temporary } from "./testing/opened.ts";
import { fixture } from "./testing/parity.ts";
import { draw, psnr } from "./testing/pictures.ts";
import { readTokenizer } from "./tokenizer-folder.ts";

const quick = { steps: 2, guidanceScale: 3 };
const xl = temporary(wholeFolder("tiny-xl"));
const never = new AbortController().signal;

const tiny = await open(fixture("tiny-epsilon"), quick);
const tokenizer = await readTokenizer(join(fixture("tiny-epsilon"), "tokenizer"), 77);
const idsOf = (text: string) => {
	const { ids, kept } = tokenizer.encode(text);
	return ids.slice(1, 1 + kept);
};
const request = (changes: Partial<DecodeRequest> = {}): DecodeRequest => ({ prompt: "a red dog", seed: 3, ...changes });

describe("token ids", () => {
	it("are taken by a model whose text encoders share their tokenizer, apart from what it pads with", async () => {
		expect(tiny.capabilities.tokenizer).toBe(tokenizer.id);
		expect((await open(xl, quick)).capabilities.tokenizer).toBe(tokenizer.id);
		expect((await open(fixture("tiny-v"), quick)).capabilities.tokenizer).not.toBe(tokenizer.id);
	});

	it.each([
		["tiny-epsilon", fixture("tiny-epsilon")],
		["tiny-xl", xl],
	])("draw the picture of their text: %s", async (_, folder) => {
		const decoder = await open(folder, quick);
		const prompt = "two blue boats under a yellow sun, photo";
		const [byText] = await draw(decoder, [request({ prompt })]);
		const [byIds] = await draw(decoder, [request({ prompt, tokenIds: idsOf(prompt) })]);
		expect(byIds).toEqual(byText);
	});

	it("of any text are framed as the text is", () => {
		fc.assert(
			fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), (text) => {
				const { kept, wanted, ...encoding } = tokenizer.encode(text);
				fc.pre(kept === wanted);
				expect(tokenizer.frame(idsOf(text))).toEqual({ kept, wanted, ...encoding });
			}),
		);
	});

	it("draw what no text gives, where a text would come apart into other tokens", async () => {
		// The pieces of a word, in reverse: read as a text they would be other pieces.
		const tokenIds = idsOf("antidisestablishmentarianism").reverse();
		const prompt = tokenizer.decode(tokenIds);
		expect(idsOf(prompt)).not.toEqual(tokenIds);
		const [byIds, byText] = await draw(tiny, [request({ prompt, tokenIds }), request({ prompt })]);
		expect(psnr(byIds as PixelImage, byText as PixelImage)).toBeLessThan(50);
	});

	it("beyond the model's length are cut, with a warning", async () => {
		const tokenIds = idsOf("red dog ".repeat(20)).concat(idsOf("blue cat"));
		const prompt = tokenizer.decode(tokenIds);
		const [result] = await tiny.generate([request({ prompt, tokenIds })], { signal: never, onProgress: () => {} });
		expect(result?.warnings).toMatchObject([{ type: "truncated", setting: "prompt" }]);
		expect(result?.effectivePrompt).toBe(tokenizer.decode(tokenIds.slice(0, tokenizer.maxTextTokens)));
	});

	it("that the tokenizer does not have are refused", async () => {
		await expect(draw(tiny, [request({ tokenIds: [5, 999_999] })])).rejects.toMatchObject({
			code: "INPUT_INVALID",
			input: "tokens.ids",
			message: expect.stringContaining("999999"),
		});
	});
});
