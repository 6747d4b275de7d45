/**
 * Prompt sources: where the text comes from that a decoder draws.
 *
 * @module
 */
import type { DeDiffusionText } from "../../src/core/text/text.ts";
import { prefix } from "./built.ts";
import type { SourceName } from "./results.ts";
import type { Scene } from "./scenes.ts";

/** A scene and what the encoder says of its picture. */
export interface DescribedScene {
	readonly scene: Scene;
	readonly text: DeDiffusionText;
}

export function dediffusion(length: number): SourceName {
	return `dediffusion-${length}`;
}

/** Tokens of a De-Diffusion source; undefined for the others. */
export function lengthOf(source: SourceName): number | undefined {
	return source.startsWith("dediffusion-") ? Number(source.slice("dediffusion-".length)) : undefined;
}

/** The text that a decoder is given for a scene. */
export function promptOf({ scene, text }: DescribedScene, source: SourceName): string {
	switch (source) {
		case "none":
			return "";
		case "terse":
			return scene.terse;
		case "complete":
			return scene.complete;
		default:
			return prefix(text, lengthOf(source) as number).text;
	}
}

/** The lengths of prefixes that are measured: those that the encoder has, and the whole. */
export function prefixLengths(tokens: number): number[] {
	return [...[2, 4, 8, 16].filter((length) => length < tokens), tokens];
}

/** The sources of the sweep over guidance scales: no text, captions, short texts, the whole text. */
export function sweepSources(tokens: number): SourceName[] {
	const short = [4, 8].filter((length) => length < tokens);
	return ["none", "terse", "complete", ...short.map(dediffusion), dediffusion(tokens)];
}
