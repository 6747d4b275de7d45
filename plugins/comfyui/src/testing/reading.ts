/**
 * How ComfyUI's text encoders read a text, for tests: what the model gets to see, with which weight, and which files of
 * embeddings. Written from what comfy/sd1_clip.py does.
 *
 * @module
 */

export type Reading = readonly (readonly [text: string, weight: number])[];

/** Stand for brackets that are words. */
const openWord = "\u0001";
const closeWord = "\u0002";

export function readText(text: string): Reading {
	const marked = text.replaceAll("\\)", closeWord).replaceAll("\\(", openWord);
	return weighed(marked, 1).flatMap(([part, weight]) => {
		const plain = part.replaceAll(openWord, "(").replaceAll(closeWord, ")");
		return plain.split(/(?<=^|[ \n])(?=embedding:)/).map((piece): [string, number] => {
			return [piece.replace(/^embedding:(\S+)/, "the file $1"), weight];
		});
	});
}

/** Brackets multiply by 1.1 unless a weight stands before the closing one. */
function weighed(text: string, weight: number): [string, number][] {
	return outerParts(text).flatMap((part): [string, number][] => {
		if (!(part.length >= 2 && part.startsWith("(") && part.endsWith(")"))) {
			return [[part, weight]];
		}
		const inner = part.slice(1, -1);
		const colon = inner.lastIndexOf(":");
		const given = colon > 0 ? Number(inner.slice(colon + 1) || Number.NaN) : Number.NaN;
		return Number.isNaN(given) ? weighed(inner, weight * 1.1) : weighed(inner.slice(0, colon), given);
	});
}

/** The text cut where outermost brackets begin and end. */
function outerParts(text: string): string[] {
	const parts: string[] = [];
	let part = "";
	let depth = 0;
	for (const letter of text) {
		if (letter === "(" && depth++ === 0) {
			if (part !== "") parts.push(part);
			part = "";
		}
		part += letter;
		if (letter === ")" && --depth === 0) {
			parts.push(part);
			part = "";
		}
	}
	return part === "" ? parts : [...parts, part];
}
