/**
 * What De-Diffusion texts name of what is drawn.
 *
 * @module
 */
import type { DeDiffusionText, TextToken } from "../../src/core/text/text.ts";
import { bootstrapMean, bootstrapRatio } from "./built.ts";
import type { DescribedScene } from "./prompts.ts";
import type { TextResult } from "./results.ts";

/** How many texts are quoted. */
const quoted = 12;
const mostPieces = 20;
const letters = /^\p{L}+$/u;

export interface KnownWords {
	readonly things: readonly string[];
	readonly colours: readonly string[];
}

export function scoreTexts(
	described: readonly DescribedScene[],
	known: KnownWords,
	{ resamples, seed }: { readonly resamples: number; readonly seed: number },
): TextResult {
	const [things, colours] = [new Set(known.things), new Set(known.colours)];
	const rows = described.map((one) => scoreText(one, things, colours));
	const options = { resamples, seed };
	const column = (name: keyof Score) => rows.map((row) => row[name]);
	const tokens = described.reduce((sum, { text }) => sum + text.tokens.length, 0);
	const pieces = described.flatMap(({ text }) => piecesOf(text));
	return {
		recall: bootstrapRatio(column("thingsBoth"), column("thingsDrawn"), options),
		precision: bootstrapRatio(column("thingsBoth"), column("thingsNamed"), options),
		backgroundFirst: bootstrapMean(column("colourFirst"), options),
		backgroundNamed: bootstrapMean(column("colourNamed"), options),
		colourPrecision: bootstrapRatio(column("coloursBoth"), column("coloursNamed"), options),
		differentTexts: new Set(described.map(({ text }) => text.text)).size / described.length,
		wholeWords: 1 - pieces.length / tokens,
		pieces: [...new Set(pieces)].slice(0, mostPieces),
		examples: described.slice(0, quoted).map(({ scene, text }) => ({ complete: scene.complete, text: text.text })),
	};
}

/** Counts of one text; each word counts once, however often it is said. */
interface Score {
	readonly thingsDrawn: number;
	readonly thingsNamed: number;
	readonly thingsBoth: number;
	readonly coloursNamed: number;
	readonly coloursBoth: number;
	readonly colourFirst: number;
	readonly colourNamed: number;
}

function scoreText({ scene, text }: DescribedScene, things: Set<string>, colours: Set<string>): Score {
	const said = new Set(text.text.split(/\s+/));
	const drawn = new Set(scene.things.map(({ word }) => word));
	const background = new Set(scene.background);
	const [first] = scene.background;
	const coloursNamed = [...said].filter((word) => colours.has(word));
	const thingsNamed = [...said].filter((word) => things.has(word));
	return {
		thingsDrawn: drawn.size,
		thingsNamed: thingsNamed.length,
		thingsBoth: thingsNamed.filter((word) => drawn.has(word)).length,
		coloursNamed: coloursNamed.length,
		coloursBoth: coloursNamed.filter((word) => background.has(word)).length,
		// A set keeps the order in which its words were said.
		colourFirst: Number(coloursNamed[0] === first),
		colourNamed: Number(first !== undefined && said.has(first)),
	};
}

/** The tokens that are no whole words: those without letters, those that run into the next one, and those run into. */
function piecesOf({ tokens, join }: DeDiffusionText): string[] {
	const runsOn = ({ id, text }: TextToken) => join([id, id]) !== `${text} ${text}`;
	const isPiece = (token: TextToken, index: number) => {
		const before = tokens[index - 1];
		return !letters.test(token.text) || runsOn(token) || (before !== undefined && runsOn(before));
	};
	return tokens.filter(isPiece).map(({ text }) => text);
}
