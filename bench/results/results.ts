/**
 * What `npm run results` measures, as docs/results.json keeps it: raw numbers, from which page and pictures are made.
 *
 * @module
 */
import type { Estimate } from "../../src/core/metrics/bootstrap.ts";

/** Changes when older files can no longer be read. */
export const resultsVersion = 2;

export interface Results {
	readonly formatVersion: typeof resultsVersion;
	readonly setting: Setting;
	readonly decoders: readonly DecoderResult[];
	readonly text: TextResult;
	readonly reconstruction: ReconstructionResult;
	readonly transfer: TransferResult;
	/** Of the first decoder's pictures by length of the text; the last length is the whole text. */
	readonly prefixes: readonly PrefixResult[];
	readonly outside: readonly OutsideResult[];
	/** Written by hand, in Markdown: why bars are missed, and what the numbers do not say. */
	readonly notes: string;
}

/** Under what conditions everything was measured. */
export interface Setting {
	/** Held-out scenes. */
	readonly scenes: number;
	/** How many of them the sweep over guidance scales was drawn for. */
	readonly sweepScenes: number;
	/** Share of each drawing style in the scenes, of scenes by how many things they show, and of backgrounds. */
	readonly styles: Readonly<Record<string, number>>;
	readonly thingCounts: Readonly<Record<string, number>>;
	readonly backgrounds: Readonly<Record<string, number>>;
	/** Things and colours that scenes can show. */
	readonly knownThings: number;
	readonly knownColours: number;
	/** Denoising steps of every picture. */
	readonly steps: number;
	readonly scheduler: string;
	/** Of everything but the sweep. */
	readonly guidanceScale: number;
	/** How far guided predictions were brought back to their usual deviation, 0 to 1, but for the plain sweep. */
	readonly guidanceRescale: number;
	/** Noise of scene n is that of `seed + n`. */
	readonly seed: number;
	/** Tokens of a whole De-Diffusion text. */
	readonly tokens: number;
	/** Numbers in the reader's features. */
	readonly featureWidth: number;
	/** Resamples behind each standard error of an FID, and behind each other interval. */
	readonly frechetResamples: number;
	readonly resamples: number;
	/** SHA-256 over the files of each model folder, so that numbers can be matched with weights. */
	readonly models: Readonly<Record<ModelRole, string>>;
}

export type ModelRole = "encoder" | "scenes-a" | "scenes-b" | "reader";

/** What the reader finds in pictures drawn from complete captions. Shares from 0 to 1. */
export interface DecoderResult {
	/** `originals`, which no decoder drew, or a decoder's id. */
	readonly decoder: string;
	/** Pictures in which every captioned thing is found. */
	readonly everyThing: Estimate;
	/** Captioned things that are found. */
	readonly things: Estimate;
	/** Pictures whose background colours are exactly the captioned ones. */
	readonly background: Estimate;
}

/** What De-Diffusion texts name. Shares from 0 to 1. */
export interface TextResult {
	/** Drawn things that are named. */
	readonly recall: Estimate;
	/** Named things that are drawn. */
	readonly precision: Estimate;
	/** Texts whose first colour is the first colour of the background. */
	readonly backgroundFirst: Estimate;
	/** Texts that name the first colour of the background anywhere. */
	readonly backgroundNamed: Estimate;
	/** Named colours that the background has. */
	readonly colourPrecision: Estimate;
	readonly differentTexts: number;
	/** Tokens that are whole words. */
	readonly wholeWords: number;
	/** Tokens that are not, each once, at most 20. */
	readonly pieces: readonly string[];
	readonly examples: readonly { readonly complete: string; readonly text: string }[];
}

/** The prompts that are compared: no text, captions, and texts of so many tokens. */
export type SourceName = "none" | "terse" | "complete" | `dediffusion-${number}`;

export interface SourceResult {
	readonly source: SourceName;
	/** dB, mean over pictures. */
	readonly psnr: Estimate;
	readonly fid: Estimate;
	/** Mean and deviation over subsets. */
	readonly kid: { readonly mean: number; readonly deviation: number };
}

/** Pictures of the decoder that the encoder was trained through. */
export interface ReconstructionResult {
	readonly sources: readonly SourceResult[];
	/** De-Diffusion's FID over the complete captions' FID. */
	readonly fidOverComplete: Estimate;
	/** By how much De-Diffusion's FID is below the terse captions', as a share of theirs. */
	readonly fidBelowTerse: Estimate;
	/** dB above the terse captions. */
	readonly psnrAboveTerse: Estimate;
}

/** Pictures of the decoder that the encoder has never seen. */
export interface TransferResult extends SweepResult {
	/** The sweep with plain guidance; left out where nothing was rescaled. */
	readonly plain?: SweepResult;
	/** Each source at the scale that was best in the sweep, on all scenes. */
	readonly best: readonly SweepPoint[];
	/** By how much De-Diffusion's FID is below the terse captions', each at its best scale, as a share of theirs. */
	readonly bestBelowTerse: Estimate;
}

/** FIDs of all prompt sources at all guidance scales. */
export interface SweepResult {
	readonly sweep: readonly SweepPoint[];
	/** By how much De-Diffusion's FID is below the terse captions' at each scale, as a share of theirs. */
	readonly belowTerse: readonly { readonly guidanceScale: number; readonly share: Estimate }[];
}

export interface SweepPoint {
	readonly source: SourceName;
	readonly guidanceScale: number;
	readonly fid: Estimate;
}

export interface PrefixResult {
	readonly length: number;
	/** Drawn things that the reader finds in the pictures, from 0 to 1. */
	readonly things: Estimate;
	/** dB, mean over pictures. */
	readonly psnr: Estimate;
	readonly fid: Estimate;
	/** By how much the FID is below that of the length before, as a share of it; undefined for the shortest. */
	readonly belowShorter?: Estimate;
}

/** What the encoder says of a picture from outside of its world. */
export interface OutsideResult {
	readonly file: string;
	readonly title: string;
	readonly text: string;
}
