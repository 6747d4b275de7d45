import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clipTokenizerFolder } from "./testing/clip.ts";
import { type ClipFixtures, readGolden, type TextFixtures } from "./testing/golden.ts";
import { temporary } from "./testing/opened.ts";
import { fixture, readParity } from "./testing/parity.ts";
import { Tokenizer } from "./tokenizer.ts";
import { readTokenizer } from "./tokenizer-folder.ts";

const { tokenizers } = readParity();

/** The tokenizer of a folder, with another padding token if one is given. */
async function tokenizerOf(original: string, padToken: string | null): Promise<Tokenizer> {
	if (padToken === null) return readTokenizer(original, 77);
	const copy = await mkdtemp(join(tmpdir(), "tokenizer-"));
	try {
		await cp(original, copy, { recursive: true });
		for (const name of ["tokenizer_config.json", "special_tokens_map.json"]) {
			const settings = JSON.parse(await readFile(join(copy, name), "utf8"));
			await writeFile(join(copy, name), JSON.stringify({ ...settings, pad_token: { content: padToken } }));
		}
		return await readTokenizer(copy, 77);
	} finally {
		await rm(copy, { recursive: true });
	}
}

describe.each(tokenizers)("the tokenizer of $folder, padded with $padToken", ({ folder, padToken, cases }) => {
	it.each(cases)("reads $text as transformers does", async ({ text, ids, wanted, decoded }) => {
		const tokenizer = await tokenizerOf(fixture(join(folder, "tokenizer")), padToken);
		const encoding = tokenizer.encode(text);
		expect(encoding.ids).toEqual(ids);
		expect(encoding.wanted).toBe(wanted);
		expect(encoding.kept).toBe(Math.min(wanted, tokenizer.maxTextTokens));
		expect(encoding.text).toBe(decoded);
	});
});

describe("ten thousand strings", () => {
	const { pieces, ranges, count, group, hashes } = readGolden<TextFixtures>("texts.json.gz");
	const own = readGolden<ClipFixtures>("clip.json.gz");
	const clip = temporary(clipTokenizerFolder());

	/** The strings that training's fixtures/texts.py makes, by the same rule. */
	function* strings(): Generator<string> {
		let state = 1;
		const below = (bound: number) => {
			state ^= state << 13;
			state ^= state >>> 17;
			state ^= state << 5;
			return (state >>> 0) % bound;
		};
		for (let made = 0; made < count; made++) {
			let text = "";
			for (let left = below(20); left > 0; left--) {
				if (below(3) > 0) {
					text += pieces[below(pieces.length)];
				} else {
					const [first, last] = ranges[below(ranges.length)] as [number, number];
					text += String.fromCodePoint(first + below(last - first + 1));
				}
			}
			yield text;
		}
	}

	/** Of each group of strings, as training's fixtures/texts.py has it. */
	function hashesOf(tokenizer: Tokenizer): string[] {
		const lines = [...strings()].map((text) => `${tokenizer.encode(text).ids.join(",")}\n`);
		return Array.from({ length: count / group }, (_, index) => {
			const content = lines.slice(index * group, (index + 1) * group).join("");
			return createHash("sha256").update(content).digest("hex").slice(0, 16);
		});
	}

	it.each(Object.keys(hashes))("padded with %s have transformers' ids", async (padToken) => {
		expect(hashesOf(await tokenizerOf(fixture("tiny-v/tokenizer"), padToken))).toEqual(hashes[padToken]);
	});

	it.each(Object.keys(own.hashes))("padded with %s have transformers' ids in CLIP's own words", async (padToken) => {
		const tokenizer = await tokenizerOf(clip, padToken);
		expect(tokenizer.maxTextTokens).toBe(75);
		expect(hashesOf(tokenizer)).toEqual(own.hashes[padToken]);
	});

	it("have the ids that CLIP is known for", async () => {
		const { ids } = (await tokenizerOf(clip, null)).encode("a photo of a cat");
		expect(ids.slice(0, 8)).toEqual([49406, 320, 1125, 539, 320, 2368, 49407, 49407]);
	});
});

describe("any text", async () => {
	const tokenizer = await tokenizerOf(fixture("tiny-epsilon/tokenizer"), null);
	const texts = fc.string({ unit: "binary", maxLength: 200 });

	it("fills the model's length with ids of the vocabulary", () => {
		fc.assert(
			fc.property(texts, (text) => {
				const { ids, kept, wanted } = tokenizer.encode(text);
				expect(ids).toHaveLength(tokenizer.maxTextTokens + 2);
				expect(ids.every(Number.isInteger)).toBe(true);
				expect(kept).toBe(Math.min(wanted, tokenizer.maxTextTokens));
			}),
		);
	});

	it("does not depend on white space around it or on the case of ASCII letters", () => {
		fc.assert(
			fc.property(fc.stringMatching(/^[a-z0-9 ,.!?-]{0,60}$/), (text) => {
				expect(tokenizer.encode(` \n${text.toUpperCase()}\t`)).toEqual(tokenizer.encode(text));
			}),
		);
	});

	it("survives a second reading: the kept text has the kept ids", () => {
		fc.assert(
			fc.property(fc.stringMatching(/^[a-zа-я猫犬 ]{0,40}$/u), (text) => {
				const { ids, kept, wanted, text: decoded } = tokenizer.encode(text);
				fc.pre(kept === wanted);
				expect(tokenizer.encode(decoded).ids).toEqual(ids);
			}),
		);
	});

	it("does not stall on one enormous word", () => {
		expect(tokenizer.encode("ab".repeat(50_000)).kept).toBe(tokenizer.maxTextTokens);
	});
});

it("refuses a vocabulary without its special tokens", () => {
	const files = {
		vocabulary: { a: 0 },
		merges: [],
		bosToken: "<s>",
		eosToken: "</s>",
		unknownToken: "a",
		padToken: "a",
	};
	expect(() => new Tokenizer({ ...files, maxLength: 8 })).toThrow("lacks the special token <s>");
});
