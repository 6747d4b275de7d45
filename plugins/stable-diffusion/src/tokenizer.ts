/**
 * CLIP's tokenizer: lower-cased words, split into bytes and merged pair by pair as `merges.txt` ranks them.
 *
 * Gives the ids that transformers' `CLIPTokenizer` gives, including what that does with special tokens in the text.
 *
 * @module
 */
import { tokenizerId } from "dediffusion/plugin";
import { BytePairs } from "./byte-pairs.ts";
import { bytesToSymbols, symbolsToText } from "./byte-symbols.ts";

/** What the four files of a tokenizer folder say. */
export interface TokenizerFiles {
	/** Token to id; `vocab.json`. */
	readonly vocabulary: Readonly<Record<string, number>>;
	/** The lines of `merges.txt`, best first, without its header. */
	readonly merges: readonly string[];
	readonly bosToken: string;
	readonly eosToken: string;
	readonly unknownToken: string;
	readonly padToken: string;
	/** Length of what the model takes, start and end included; at least 3. */
	readonly maxLength: number;
}

/** A text as a model takes it. */
export interface Encoding {
	/** Start, text, end and padding: always the tokenizer's `maxLength` ids. */
	readonly ids: readonly number[];
	/** How many tokens of text there were before the cut. */
	readonly wanted: number;
	/** How many of them fitted. */
	readonly kept: number;
	/** The text that fitted, as the model reads it: lower-cased and with its white space collapsed; cut between tokens. */
	readonly text: string;
	/** The rest, as the model would have read it; empty when all fitted. */
	readonly cut: string;
}

/**
 * Letters and digits that Unicode 17 added. The library whose ids these are knows Unicode 16 and takes them for marks;
 * with the list, ids do not depend on the version that this runtime knows either.
 */
const newer = String.raw`\u{88f}\u{c5c}\u{cdc}\u{a7ce}\u{a7cf}\u{a7d2}\u{a7d4}\u{a7f1}\u{10940}-\u{10959}\u{10ec5}-\u{10ec7}\u{11db0}-\u{11ddb}\u{11de0}-\u{11de9}\u{16ea0}-\u{16eb8}\u{16ebb}-\u{16ed3}\u{16ff2}-\u{16ff6}\u{187f8}-\u{187ff}\u{18d09}-\u{18d1e}\u{18d80}-\u{18df2}\u{1e6c0}-\u{1e6de}\u{1e6e0}-\u{1e6e2}\u{1e6e4}\u{1e6e5}\u{1e6e7}-\u{1e6ed}\u{1e6f0}-\u{1e6f4}\u{1e6fe}\u{1e6ff}\u{2b73a}-\u{2b73f}\u{2cea2}-\u{2cead}\u{323b0}-\u{33479}`;

const words = new RegExp(
	[
		String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d`,
		`[\\p{L}--[${newer}]]+`,
		`[\\p{N}--[${newer}]]`,
		`[[^\\p{White_Space}\\p{L}\\p{N}]${newer}]+`,
	].join("|"),
	"gv",
);
const wordEnd = "</w>";
/** Bounds of what is kept of words read before, whatever texts come: a few megabytes. */
const mostWordsKept = 10_000;
const longestWordKept = 40;

export class Tokenizer {
	/** Names the vocabulary and the merges: tokenizers that share the name share the meaning of their ids. */
	readonly id: string;
	/** Most tokens of text that fit between start and end. */
	readonly maxTextTokens: number;
	readonly #files: TokenizerFiles;
	readonly #pairs: BytePairs;
	/** Ids of words that were read before: texts are made of few different ones. */
	readonly #words = new Map<string, readonly number[]>();
	readonly #tokens: ReadonlyMap<number, string>;
	readonly #specials: ReadonlySet<string>;
	readonly #specialPattern: RegExp;
	readonly #bos: number;
	readonly #eos: number;
	readonly #pad: number;

	/** @throws Error if a special token is missing from the vocabulary. */
	constructor(files: TokenizerFiles) {
		this.#files = files;
		this.id = tokenizerId(files.vocabulary, files.merges);
		this.maxTextTokens = files.maxLength - 2;
		this.#bos = this.#idOf(files.bosToken);
		this.#eos = this.#idOf(files.eosToken);
		this.#pad = this.#idOf(files.padToken);
		this.#pairs = new BytePairs(files.vocabulary, files.merges, this.#idOf(files.unknownToken));
		this.#tokens = new Map(Object.entries(files.vocabulary).map(([token, id]) => [id, token]));
		this.#specials = new Set([files.bosToken, files.eosToken, files.unknownToken, files.padToken]);
		const longestFirst = [...this.#specials].sort((a, b) => b.length - a.length);
		this.#specialPattern = new RegExp(`(${longestFirst.map((token) => escapePattern(token)).join("|")})`, "u");
	}

	/** The text between start and end, cut and padded to the model's length. */
	encode(text: string): Encoding {
		return this.frame(this.#textIds(text));
	}

	/** Ids of the text between start and end, cut and padded to the model's length. */
	frame(all: readonly number[]): Encoding {
		const kept = all.slice(0, this.maxTextTokens);
		const padding = new Array<number>(this.maxTextTokens - kept.length).fill(this.#pad);
		return {
			ids: [this.#bos, ...kept, this.#eos, ...padding],
			wanted: all.length,
			kept: kept.length,
			text: this.decode(kept),
			cut: this.decode(all.slice(kept.length)),
		};
	}

	/** Whether it has a token of this id. */
	has(id: number): boolean {
		return this.#tokens.has(id);
	}

	/** The text of ids; ids outside the vocabulary are left out. */
	decode(ids: readonly number[]): string {
		const symbols = ids.map((id) => this.#tokens.get(id) ?? "").join("");
		return symbolsToText(symbols).replaceAll(wordEnd, " ").trim();
	}

	#textIds(text: string): number[] {
		return text.split(this.#specialPattern).flatMap((part) => {
			if (this.#specials.has(part)) return this.#idOf(part);
			return splitWords(part).flatMap((word) => this.#wordIds(word));
		});
	}

	#wordIds(word: string): readonly number[] {
		const known = this.#words.get(word);
		if (known) return known;
		const ids = this.#pairs.encode(bytesToSymbols(word));
		if (this.#words.size >= mostWordsKept) this.#words.clear();
		if (word.length <= longestWordKept) this.#words.set(word, ids);
		return ids;
	}

	#idOf(token: string): number {
		const id = this.#files.vocabulary[token];
		if (id === undefined) throw new Error(`the vocabulary lacks the special token ${token}`);
		return id;
	}
}

function splitWords(text: string): string[] {
	const clean = lowerCase(text.normalize("NFC").replaceAll(/\p{White_Space}+/gu, " "));
	return (clean.match(words) ?? []).flatMap(
		(word) => word.match(/^(<\|)(startoftext|endoftext)(\|>)$/)?.slice(1) ?? word,
	);
}

/** Character by character, because CLIP knows no final sigma. */
function lowerCase(text: string): string {
	return Array.from(text, (character) => character.toLowerCase()).join("");
}

function escapePattern(text: string): string {
	return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
