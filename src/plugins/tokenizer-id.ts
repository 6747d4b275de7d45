/**
 * Which tokenizer token ids belong to, so that they reach only decoders to which they mean the same.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The merges of a `merges.txt`, best first, without its header. */
export function readMerges(file: string): string[] {
	return file.split(/\r?\n/).filter((line, index) => line !== "" && !(index === 0 && line.startsWith("#version")));
}

/**
 * Names a byte-pair tokenizer by its content: with equal names, equal ids are equal tokens.
 *
 * @param vocabulary Token to id, as in `vocab.json`; the order of its keys does not matter.
 * @param merges As {@link readMerges} gives them.
 * @returns SHA-256, 64 hexadecimal digits.
 */
export function tokenizerId(vocabulary: Readonly<Record<string, number>>, merges: readonly string[]): string {
	const tokens = Object.entries(vocabulary).sort(
		([token, id], [otherToken, otherId]) => id - otherId || (token < otherToken ? -1 : 1),
	);
	return createHash("sha256")
		.update(JSON.stringify([tokens, merges]))
		.digest("hex");
}
