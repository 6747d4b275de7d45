import { describe, expect, it } from "vitest";
import { Vocabulary } from "../../src/core/text/vocabulary.ts";
import { scoreTexts } from "./naming.ts";
import type { DescribedScene } from "./prompts.ts";

const known = { things: ["cat", "sun", "car"], colours: ["red", "blue"] };
const words = ["cat", "sun", "car", "red", "blue", "large", "left"];
const vocabulary = new Vocabulary(
	Object.fromEntries([...words.map((word) => `${word}</w>`), "un", "ing</w>", "!</w>"].map((piece, id) => [piece, id])),
);
const idOf = (piece: string) =>
	words.includes(piece) ? words.indexOf(piece) : words.length + ["un", "ing", "!"].indexOf(piece);

/** A scene of things on a background, and a text of tokens. */
function described(things: string[], background: string[], tokens: string[]): DescribedScene {
	const ids = tokens.map(idOf);
	const attention = { width: 1, height: 1, weights: Float32Array.of(1) };
	const join = (some: readonly number[]) => vocabulary.join(some);
	return {
		scene: {
			file: "",
			things: things.map((word) => ({ word, size: "large", place: "left" })),
			background,
			backgroundKind: "plain",
			style: "flat",
			terse: "",
			complete: things.join(" "),
		},
		text: {
			text: join(ids),
			tokens: ids.map((id) => ({ id, text: vocabulary.read(id), score: 1, attention })),
			encoder: "",
			head: (length) => join(ids.slice(0, length)),
			warnings: [],
			join,
		},
	};
}

const score = (...scenes: DescribedScene[]) => scoreTexts(scenes, known, { resamples: 50, seed: 0 });

describe("scores of texts", () => {
	it("are perfect for texts that name everything and nothing else", () => {
		const result = score(described(["cat"], ["blue"], ["cat", "blue"]), described(["sun"], ["red"], ["sun", "red"]));
		for (const measure of ["recall", "precision", "backgroundFirst", "backgroundNamed", "colourPrecision"] as const) {
			expect(result[measure]).toEqual({ value: 1, standardError: 0, low: 1, high: 1 });
		}
		expect(result).toMatchObject({ differentTexts: 1, wholeWords: 1, pieces: [] });
	});

	it("count each thing once, over all texts", () => {
		// Drawn: cat, sun; cat. Named: cat, car; nothing.
		const result = score(
			described(["cat", "sun"], ["blue"], ["cat", "cat", "car", "large"]),
			described(["cat"], ["red"], ["large", "large", "large", "large"]),
		);
		expect(result.recall.value).toBeCloseTo(1 / 3);
		expect(result.precision.value).toBeCloseTo(1 / 2);
		expect(result.backgroundFirst.value).toBe(0);
	});

	it("tell a background that is named first from one that is named among others", () => {
		const result = score(described(["cat"], ["blue"], ["red", "blue"]));
		expect(result.backgroundFirst.value).toBe(0);
		expect(result.backgroundNamed.value).toBe(1);
		expect(result.colourPrecision.value).toBe(0.5);
	});

	it("take the first of two colours", () => {
		const result = score(described(["cat"], ["blue", "red"], ["blue"]), described(["cat"], ["blue", "red"], ["red"]));
		expect(result.backgroundFirst.value).toBe(0.5);
		expect(result.colourPrecision.value).toBe(1);
	});

	it("count equal texts once", () => {
		const one = described(["cat"], ["blue"], ["cat", "blue"]);
		expect(score(one, one, described(["cat"], ["blue"], ["blue", "cat"])).differentTexts).toBeCloseTo(2 / 3);
	});

	it("find tokens that are no whole words: pieces, what they run into, and signs", () => {
		const result = score(described(["cat"], ["blue"], ["cat", "un", "ing", "!", "blue"]));
		expect(result.pieces).toEqual(["un", "ing", "!"]);
		expect(result.wholeWords).toBeCloseTo(2 / 5);
	});
});
