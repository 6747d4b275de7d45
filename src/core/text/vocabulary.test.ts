import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { tinyEncoder, tinyPipeline } from "../../../test/fixtures.ts";
import { readTokenizerId, readVocabulary, Vocabulary } from "./vocabulary.ts";

const scratch = await mkdtemp(join(tmpdir(), "vocabulary-"));
afterAll(() => rm(scratch, { recursive: true }));

/** GPT-2's symbols for the bytes of a text, written down anew: what is not printable moves behind U+0100. */
function symbolsOf(text: string): string {
	const moved = Array.from({ length: 256 }, (_, byte) => byte).filter(
		(byte) => byte <= 32 || (byte >= 127 && byte <= 160) || byte === 173,
	);
	return Array.from(new TextEncoder().encode(text), (byte) =>
		String.fromCharCode(moved.includes(byte) ? 256 + moved.indexOf(byte) : byte),
	).join("");
}

/** A word as people write them, in any alphabet. */
const word = fc
	.string({ unit: "grapheme", minLength: 1, maxLength: 8 })
	.filter((text) => !/\s/u.test(text) && !text.includes("\ufeff") && text.isWellFormed());

/** A vocabulary of exactly these pieces, in this order. */
const vocabularyOf = (pieces: readonly string[]) =>
	new Vocabulary(Object.fromEntries(pieces.map((piece, id) => [piece, id])));

describe("a vocabulary", () => {
	const vocabulary = vocabularyOf(["cat</w>", "hou", "se</w>", "<|startoftext|>", "<|endoftext|>", "dog</w>", ",</w>"]);

	it("puts a space after each end of a word, and none between the pieces of one", () => {
		expect(vocabulary.join([0, 1, 2, 5])).toBe("cat house dog");
		expect(vocabulary.join([1, 1])).toBe("houhou");
		expect(vocabulary.join([])).toBe("");
	});

	it("leaves start and end markers out", () => {
		expect(vocabulary.join([3, 0, 6, 5, 4, 4])).toBe("cat , dog");
	});

	it("reads one token without its end of a word", () => {
		expect([0, 1, 2, 6].map((id) => vocabulary.read(id))).toEqual(["cat", "hou", "se", ","]);
	});

	it("refuses a token that it does not have", () => {
		for (const id of [7, -1, 0.5]) {
			for (const use of [() => vocabulary.read(id), () => vocabulary.join([0, id])]) {
				expect(use).toThrow(
					expect.objectContaining({ code: "MODEL_INVALID", message: expect.stringContaining(`${id}`) }),
				);
			}
		}
	});

	it("counts ids, unused ones included", () => {
		expect(vocabulary.size).toBe(7);
		expect(new Vocabulary({ "cat</w>": 2, "dog</w>": 9 }).size).toBe(10);
	});

	it("reads and joins words of every alphabet as they were", () => {
		fc.assert(
			fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
				const pieces = [...new Set(words.map((text) => `${symbolsOf(text)}</w>`))];
				const some = vocabularyOf(pieces);
				const ids = words.map((text) => pieces.indexOf(`${symbolsOf(text)}</w>`));
				expect(ids.map((id) => some.read(id))).toEqual(words);
				expect(some.join(ids)).toBe(words.join(" "));
			}),
		);
	});

	it("joins a word whose letters were cut in the middle of their bytes", () => {
		fc.assert(
			fc.property(word, (text) => {
				const symbols = Array.from(`${symbolsOf(text)}`);
				const last = `${symbols.pop()}</w>`;
				const pieces = [...new Set([...symbols, last])];
				const ids = [...symbols, last].map((piece) => pieces.indexOf(piece));
				expect(vocabularyOf(pieces).join(ids)).toBe(text);
			}),
		);
	});

	it("reads a part of a letter as the sign for what cannot be read", () => {
		const [first] = symbolsOf("ж");
		expect(vocabularyOf([first as string]).read(0)).toBe("\ufffd");
	});
});

describe("the vocabulary of a tokenizer folder", () => {
	it("is read from its vocab.json", async () => {
		const vocabulary = await readVocabulary(join(tinyEncoder, "tokenizer", "vocab.json"));
		expect(Array.from({ length: vocabulary.size }, (_, id) => vocabulary.read(id))).toContain("house");
	});

	it("reads the letters of other alphabets that it was trained on", async () => {
		const vocabulary = await readVocabulary(join(tinyPipeline, "tokenizer", "vocab.json"));
		const words = Array.from({ length: vocabulary.size }, (_, id) => vocabulary.read(id));
		expect(words).toEqual(expect.arrayContaining(["größe", "собака", "猫", "고양이", "<|endoftext|>"]));
	});

	it.each([
		["is missing", undefined],
		["is no JSON", "{"],
		["is a list", '["a</w>"]'],
		["has an id below zero", '{"a</w>": -1}'],
		["has an id that is no whole number", '{"a</w>": 1.5}'],
	])("is refused by its path when it %s", async (_, content) => {
		const path = join(scratch, "vocab.json");
		await rm(path, { force: true });
		if (content !== undefined) await writeFile(path, content);
		await expect(readVocabulary(path)).rejects.toMatchObject({ code: "MODEL_INVALID", input: path });
	});
});

describe("the name of a tokenizer", () => {
	const models = new URL("../../../models/", import.meta.url);
	const nameOf = (folder: string) => readTokenizerId(fileURLToPath(new URL(`${folder}/tokenizer`, models)));

	it("is one for the bundled encoder and the decoder that it was trained through", async () => {
		expect(await nameOf("dediffusion-scenes")).toMatch(/^[0-9a-f]{64}$/);
		expect(await nameOf("dediffusion-scenes")).toBe(await nameOf("scenes-a"));
		expect(await readTokenizerId(join(tinyPipeline, "tokenizer"))).not.toBe(await nameOf("scenes-a"));
	});

	it("is not known of a folder without merges", async () => {
		await writeFile(join(scratch, "vocab.json"), "{}");
		expect(await readTokenizerId(scratch)).toBeUndefined();
	});
});
