/**
 * Encoded texts that are kept for the next pictures of the same texts: one text with many seeds, schedulers and guidance
 * scales is what comparisons are made of.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Graphs } from "./graphs.ts";
import type { ModelFolder } from "./model-folder.ts";
import type { Job } from "./plan.ts";
import { type EncodedTexts, encodeTexts } from "./texts.ts";

/** About fifty pictures' texts of Stable Diffusion 1.5, or twenty of SDXL. */
const keptBytes = 24 * 2 ** 20;

/** Encodes the texts of a group of jobs; throws as {@link encodeTexts} does. */
export type EncodeTexts = (jobs: readonly [Job, ...Job[]], signal: AbortSignal) => Promise<EncodedTexts>;

/**
 * An encoder of texts with a memory.
 *
 * Whole groups are kept and not single texts: a text that was encoded beside others may differ in its last bits.
 */
export function rememberTexts(model: ModelFolder, graphs: Graphs, clipSkip: number): EncodeTexts {
	const recent = new LRUCache<string, EncodedTexts>({
		maxSize: keptBytes,
		sizeCalculation: ({ states, pooled }) => states.data.byteLength + (pooled?.data.byteLength ?? 0),
	});
	return async (jobs, signal) => {
		const key = JSON.stringify(jobs.map(({ prompt, negative }) => [idsOf(prompt), idsOf(negative)]));
		const kept = recent.get(key);
		if (kept !== undefined) return kept;
		const encoded = await encodeTexts(jobs, model, graphs, clipSkip, signal);
		recent.set(key, encoded);
		return encoded;
	};
}

const idsOf = (text: Job["prompt"] | Job["negative"]) => (Array.isArray(text) ? text.map(({ ids }) => ids) : text);
