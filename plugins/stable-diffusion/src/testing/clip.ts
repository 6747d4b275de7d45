/**
 * The tokenizer of published Stable Diffusion models, from what training's fixtures/clip_words.py kept of it.
 *
 * @module
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { fixture } from "./parity.ts";

const specials = ["<|startoftext|>", "<|endoftext|>"] as const;

/** A tokenizer folder with CLIP's own vocabulary of 49,408 tokens, in a temporary place that the caller removes. */
export function clipTokenizerFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "clip-"));
	const merges = gunzipSync(readFileSync(fixture("clip/merges.txt.gz"))).toString();
	const pairs = merges.trimEnd().split("\n").slice(1);
	const single = symbolsInOrder();
	const tokens = [
		...single,
		...single.map((symbol) => `${symbol}</w>`),
		...pairs.map((pair) => pair.replace(" ", "")),
		...specials,
	];
	const [start, end] = specials;
	const settings = { bos_token: start, eos_token: end, unk_token: end, pad_token: end };
	const files = {
		"vocab.json": JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id]))),
		"merges.txt": merges,
		"tokenizer_config.json": JSON.stringify({ ...settings, model_max_length: 77 }),
		"special_tokens_map.json": JSON.stringify(settings),
	};
	for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
	return folder;
}

/** What stands for the 256 bytes, in the vocabulary's order: Latin-1 that prints stands for itself and comes first. */
function symbolsInOrder(): string[] {
	const printing = [range(0x21, 0x7e), range(0xa1, 0xac), range(0xae, 0xff)];
	return [...printing, range(0x100, 0x143)].flat();
}

const range = (first: number, last: number) =>
	Array.from({ length: last - first + 1 }, (_, index) => String.fromCharCode(first + index));
