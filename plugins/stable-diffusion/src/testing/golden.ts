/**
 * Reference files written by the scripts in training/src/dediffusion_training/fixtures: gzipped JSON.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fixture } from "./parity.ts";

/** What diffusers' schedulers do; by `schedulers.py`. */
export interface WalkFixtures {
	/** Which of the sample's sixteen numbers were kept. */
	readonly kept: readonly number[];
	/** After how many calls, besides the last one. */
	readonly callsKept: number;
	readonly cases: readonly {
		readonly config: Readonly<Record<string, unknown>>;
		readonly walks: readonly WalkFixture[];
	}[];
}

export interface WalkFixture {
	readonly steps: number;
	readonly timesteps: readonly number[];
	readonly sigmas: readonly number[] | null;
	readonly initialSigma: number;
	/** Some of the sample's numbers after each of the first calls and after the last one. */
	readonly samples: readonly (readonly number[])[];
}

/** What torch draws; by `noise.py`. */
export interface NoiseFixtures {
	/** Of large draws, one number in so many was kept. */
	readonly stride: number;
	readonly cases: readonly { seed: number; sizes: readonly number[]; numbers: readonly (readonly number[])[] }[];
}

/** How transformers reads many strings; by `texts.py`. */
export interface TextFixtures {
	readonly pieces: readonly string[];
	readonly ranges: readonly (readonly [first: number, last: number])[];
	readonly count: number;
	/** Strings to a hash. */
	readonly group: number;
	/** By the padding token. */
	readonly hashes: Readonly<Record<string, readonly string[]>>;
}

/** How transformers reads the same strings with CLIP's own vocabulary; by `clip_words.py`. */
export type ClipFixtures = Pick<TextFixtures, "hashes">;

/** Reads a reference file of the fixtures folder. */
export function readGolden<Content>(name: string): Content {
	return JSON.parse(gunzipSync(readFileSync(fixture(name))).toString()) as Content;
}
