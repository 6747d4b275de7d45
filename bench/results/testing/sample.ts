/**
 * Results with numbers that are made up, for tests of what is written about them.
 *
 * @module
 */
import type { Estimate } from "../../../src/core/metrics/bootstrap.ts";
import { dediffusion, sweepSources } from "../prompts.ts";
import { type Results, resultsVersion, type SourceName, type SweepPoint } from "../results.ts";
import { guidanceScales } from "../transfer.ts";

/** @param error Its standard error. */
export function estimate(value: number, error = 0.01): Estimate {
	return { value, standardError: error, low: value - 2 * error, high: value + 2 * error };
}

const tokens = 16;
/** FID at the best scale of each source. */
const lowest: Readonly<Record<string, number>> = {
	none: 9,
	terse: 6,
	complete: 2,
	"dediffusion-4": 5,
	"dediffusion-8": 4,
	"dediffusion-16": 3,
};
/** @param steepness How much each doubling and halving of the best scale adds. */
function sweep(steepness: number): SweepPoint[] {
	return sweepSources(tokens).flatMap((source) =>
		guidanceScales.map((guidanceScale) => {
			const excess = source === "none" ? 0 : steepness * Math.abs(Math.log2(guidanceScale / 2));
			return { source, guidanceScale, fid: estimate((lowest[source] as number) + excess, 0.1) };
		}),
	);
}
const belowTerse = (share: number) =>
	guidanceScales.map((guidanceScale) => ({ guidanceScale, share: estimate(share) }));
const source = (name: SourceName, psnr: number, fid: number) => ({
	source: name,
	psnr: estimate(psnr, 0.05),
	fid: estimate(fid, 0.05),
	kid: { mean: fid / 1000, deviation: 0.0001 },
});

const prefix = (length: number, fid: number) => ({
	length,
	things: estimate(1 - fid / 10),
	psnr: estimate(20 - fid, 0.05),
	fid: estimate(fid, 0.1),
});

/** All bars are met but one: `scenes-b` draws too few things. */
export const sample: Results = {
	formatVersion: resultsVersion,
	setting: {
		scenes: 2000,
		sweepScenes: 500,
		styles: { flat: 0.5, glossy: 0.5 },
		thingCounts: { 1: 0.4, 2: 0.4, 3: 0.2 },
		backgrounds: { plain: 0.6, gradient: 0.2, halves: 0.2 },
		knownThings: 314,
		knownColours: 12,
		steps: 20,
		scheduler: "ddim",
		guidanceScale: 2,
		guidanceRescale: 0.7,
		seed: 0,
		tokens,
		featureWidth: 192,
		frechetResamples: 100,
		resamples: 1000,
		models: {
			encoder: "0123456789abcdef".repeat(4),
			"scenes-a": "123456789abcdef0".repeat(4),
			"scenes-b": "23456789abcdef01".repeat(4),
			reader: "3456789abcdef012".repeat(4),
		},
	},
	decoders: [
		{ decoder: "originals", everyThing: estimate(0.96), things: estimate(0.98), background: estimate(0.995) },
		{ decoder: "scenes-a", everyThing: estimate(0.9), things: estimate(0.94), background: estimate(0.99) },
		{ decoder: "scenes-b", everyThing: estimate(0.7), things: estimate(0.8), background: estimate(0.98) },
	],
	text: {
		recall: estimate(0.9),
		precision: estimate(0.85),
		backgroundFirst: estimate(0.96),
		backgroundNamed: estimate(0.99),
		colourPrecision: estimate(0.97),
		differentTexts: 0.999,
		wholeWords: 1,
		pieces: [],
		examples: [{ complete: "large cat left , blue background , flat style", text: "cat blue large left flat" }],
	},
	reconstruction: {
		sources: [
			source("none", 10, 9),
			source("terse", 11, 6),
			source("complete", 18, 2),
			source(dediffusion(tokens), 17, 2.2),
		],
		fidOverComplete: estimate(1.1, 0.04),
		fidBelowTerse: estimate(0.63),
		psnrAboveTerse: estimate(6, 0.05),
	},
	transfer: {
		sweep: sweep(1),
		belowTerse: belowTerse(0.4),
		plain: { sweep: sweep(3), belowTerse: belowTerse(0.3) },
		best: sweepSources(tokens).map((name) => ({
			source: name,
			guidanceScale: name === "none" ? 1 : 2,
			fid: estimate(lowest[name] as number, 0.05),
		})),
		bestBelowTerse: estimate(0.5),
	},
	prefixes: [
		prefix(2, 7),
		{ ...prefix(4, 5), belowShorter: estimate(0.29) },
		{ ...prefix(8, 3), belowShorter: estimate(0.4) },
		{ ...prefix(16, 2.2), belowShorter: estimate(0.27) },
	],
	outside: [{ file: "cat.jpg", title: "a photograph of a cat", text: "brown cat large middle" }],
	notes: "`scenes-b` was trained for fewer steps.\n",
};
