/**
 * Token ids of a CLIP tokenizer to the string that a decoder takes.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DeDiffusionError, readMerges, tokenizerId } from "../../plugins/index.ts";

const vocabularyFile = z.record(z.string(), z.int().nonnegative());

/** Marks the last piece of a word in CLIP's vocabulary. */
const endOfWord = "</w>";
const markers = /^<\|.*\|>$/;

/** The tokens of one tokenizer, by id. */
export class Vocabulary {
	readonly #pieces: readonly string[];

	/** @param ids Token to id, as in `vocab.json`. */
	constructor(ids: Readonly<Record<string, number>>) {
		const pieces: string[] = [];
		for (const [piece, id] of Object.entries(ids)) {
			pieces[id] = piece;
		}
		this.#pieces = pieces;
	}

	/** How many ids there are, unused ones included. */
	get size(): number {
		return this.#pieces.length;
	}

	/**
	 * The string of a sequence: pieces joined, a space after each end of a word, start and end markers left out. A piece
	 * that cannot be told from its neighbours when the string is tokenized again still reads the same to a person.
	 */
	join(ids: readonly number[]): string {
		const raw = ids
			.map((id) => this.#piece(id))
			.filter((piece) => !markers.test(piece))
			.map((piece) => (piece.endsWith(endOfWord) ? `${piece.slice(0, -endOfWord.length)} ` : piece));
		return decodeBytes(raw.join("")).trim();
	}

	/** One token as a person reads it. */
	read(id: number): string {
		const piece = this.#piece(id);
		return decodeBytes(piece.endsWith(endOfWord) ? piece.slice(0, -endOfWord.length) : piece);
	}

	#piece(id: number): string {
		const piece = this.#pieces[id];
		if (piece === undefined) {
			throw new DeDiffusionError("MODEL_INVALID", `The encoder gave token ${id}, which its tokenizer does not have.`, {
				input: "vocab.json",
			});
		}
		return piece;
	}
}

/**
 * Reads the vocabulary of a tokenizer folder.
 *
 * @throws DeDiffusionError `MODEL_INVALID`.
 */
export async function readVocabulary(path: string): Promise<Vocabulary> {
	try {
		return new Vocabulary(vocabularyFile.parse(JSON.parse(await readFile(path, "utf8"))));
	} catch (cause) {
		throw new DeDiffusionError("MODEL_INVALID", `The vocabulary ${path} is missing or damaged.`, {
			input: path,
			cause,
		});
	}
}

/** The name of a tokenizer folder's tokenizer by its content; undefined where it lacks the merges. */
export async function readTokenizerId(folder: string): Promise<string | undefined> {
	const read = (name: string) => readFile(join(folder, name), "utf8");
	try {
		const [tokens, merges] = await Promise.all([read("vocab.json"), read("merges.txt")]);
		return tokenizerId(vocabularyFile.parse(JSON.parse(tokens)), readMerges(merges));
	} catch {
		return undefined;
	}
}

/**
 * GPT-2's alphabet for bytes (openai/gpt-2 `encoder.py`, `bytes_to_unicode`): printable ones stand for themselves, the
 * others for the characters from U+0100 on.
 */
const byteOfSymbol: ReadonlyMap<string, number> = new Map(
	(() => {
		const printable = (byte: number) =>
			(byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
		let next = 256;
		return Array.from({ length: 256 }, (_, byte): [string, number] => [
			String.fromCharCode(printable(byte) ? byte : next++),
			byte,
		]);
	})(),
);

const space = 32;

/** Symbols that stand for themselves, whatever is around them. */
const plainText = /^[\x20-\x7e]*$/;

const utf8 = new TextDecoder();

function decodeBytes(symbols: string): string {
	if (plainText.test(symbols)) {
		return symbols;
	}
	const bytes = Array.from(symbols, (symbol) => byteOfSymbol.get(symbol) ?? space);
	return utf8.decode(Uint8Array.from(bytes));
}
