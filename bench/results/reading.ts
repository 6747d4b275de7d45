/**
 * What the reader finds in pictures, against what they were to show.
 *
 * @module
 */
import { bootstrapMean, bootstrapRatio } from "./built.ts";
import type { KnownWords } from "./naming.ts";
import type { DecoderResult } from "./results.ts";
import type { Scene } from "./scenes.ts";

/**
 * @param shown For each scene, the words that the reader sees in its picture.
 * @param known The reader's words for things and for background colours.
 */
export function scoreReadings(
	decoder: string,
	scenes: readonly Scene[],
	shown: readonly ReadonlySet<string>[],
	known: KnownWords,
	options: { readonly resamples: number; readonly seed: number },
): DecoderResult {
	const colours = new Set(known.colours);
	const found = scenes.map((scene, index) => {
		const words = shown[index] as ReadonlySet<string>;
		const drawn = [...new Set(scene.things.map(({ word }) => word))];
		return { drawn: drawn.length, seen: drawn.filter((word) => words.has(word)).length };
	});
	const isRight = scenes.map(({ background }, index) => {
		const seen = [...(shown[index] as ReadonlySet<string>)].filter((word) => colours.has(word));
		return Number(seen.length === background.length && seen.every((colour) => background.includes(colour)));
	});
	return {
		decoder,
		everyThing: bootstrapMean(
			found.map(({ drawn, seen }) => Number(seen === drawn)),
			options,
		),
		things: bootstrapRatio(
			found.map(({ seen }) => seen),
			found.map(({ drawn }) => drawn),
			options,
		),
		background: bootstrapMean(isRight, options),
	};
}
