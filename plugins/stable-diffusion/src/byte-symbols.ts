/**
 * Bytes as printable characters: the alphabet in which byte-level vocabularies are written (GPT-2's table).
 *
 * @module
 */

const symbols = byteSymbols();
const bytes = new Map(symbols.map((symbol, byte) => [symbol, byte]));
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The UTF-8 bytes of a text, one symbol each. */
export function bytesToSymbols(text: string): string[] {
	return Array.from(encoder.encode(text), (byte) => symbols[byte] as string);
}

/** The text whose bytes the symbols stand for; broken UTF-8 becomes U+FFFD. */
export function symbolsToText(text: string): string {
	const read = Array.from(text, (symbol) => bytes.get(symbol));
	return decoder.decode(Uint8Array.from(read.filter((byte) => byte !== undefined)));
}

/** Printable Latin-1 stands for itself; every other byte gets the next character from U+0100 on. */
function byteSymbols(): string[] {
	const printable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
	let next = 0x100;
	return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}
