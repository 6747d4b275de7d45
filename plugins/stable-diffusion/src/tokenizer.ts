/**
 * CLIP's tokenizer: lower-cased words, split into bytes and merged pair by pair as `merges.txt` ranks them.
 *
 * Gives the ids that transformers' `CLIPTokenizer` gives, including what that does with special tokens in the text.
 *
 * @module
 */
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
}

const words = /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;
const wordEnd = "</w>";

export class Tokenizer {
	/** Most tokens of text that fit between start and end. */
	readonly maxTextTokens: number;
	readonly #files: TokenizerFiles;
	readonly #pairs: BytePairs;
	readonly #tokens: ReadonlyMap<number, string>;
	readonly #specials: ReadonlySet<string>;
	readonly #specialPattern: RegExp;
	readonly #bos: number;
	readonly #eos: number;
	readonly #pad: number;

	/** @throws Error if a special token is missing from the vocabulary. */
	constructor(files: TokenizerFiles) {
		this.#files = files;
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
		const all = this.#textIds(text);
		const kept = all.slice(0, this.maxTextTokens);
		const padding = new Array<number>(this.maxTextTokens - kept.length).fill(this.#pad);
		return {
			ids: [this.#bos, ...kept, this.#eos, ...padding],
			wanted: all.length,
			kept: kept.length,
			text: this.decode(kept),
		};
	}

	/** The text of ids; ids outside the vocabulary are left out. */
	decode(ids: readonly number[]): string {
		const symbols = ids.map((id) => this.#tokens.get(id) ?? "").join("");
		return symbolsToText(symbols).replaceAll(wordEnd, " ").trim();
	}

	#textIds(text: string): number[] {
		return text.split(this.#specialPattern).flatMap((part) => {
			if (this.#specials.has(part)) return this.#idOf(part);
			return splitWords(part).flatMap((word) => this.#pairs.encode(bytesToSymbols(word)));
		});
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
