/**
 * A decoder for tests, made with the SDK as anybody's is: it paints a plain picture in the colour of the seed.
 *
 * @module
 */
import type {
	DecodeRequest,
	DecodeResult,
	Decoder,
	DecoderCapabilities,
	GenerateContext,
	Lane,
} from "../src/plugins/index.ts";

export interface BrushOptions {
	readonly lane?: Lane;
	readonly capabilities?: Partial<DecoderCapabilities>;
	/** Instead of painting. */
	readonly generate?: Decoder["generate"];
	readonly close?: () => Promise<void>;
}

export function brush(id: string, { lane = "cpu", capabilities, generate, close }: BrushOptions = {}): Decoder {
	return {
		id,
		name: `Brush ${id}`,
		lane,
		capabilities: {
			settings: ["seed", "width", "height", "scheduler", "steps"],
			deterministic: true,
			maxBatch: 4,
			schedulers: ["ddim", "euler"],
			size: { min: 8, max: 64, multipleOf: 8 },
			rewritesPrompt: false,
			defaults: { width: 8, height: 8 },
			...capabilities,
		},
		generate: generate ?? (async (requests) => requests.map(paint)),
		...(close && { close }),
	};
}

/** The picture of one request. */
export function paint({ prompt, seed, width = 8, height = 8 }: DecodeRequest): DecodeResult {
	const data = new Uint8Array(width * height * 3).fill(seed % 256);
	return {
		status: "done",
		seed,
		effectivePrompt: prompt,
		warnings: [],
		image: { kind: "pixels", width, height, data },
	};
}

/** Painting that shows its batches and lasts until it is released. */
export function gatedPainting() {
	const batches: (readonly DecodeRequest[])[] = [];
	const contexts: GenerateContext[] = [];
	const gate = Promise.withResolvers<void>();
	const begun = Promise.withResolvers<void>();
	const generate: Decoder["generate"] = async (requests, context) => {
		batches.push(requests);
		contexts.push(context);
		begun.resolve();
		await gate.promise;
		return requests.map(paint);
	};
	/** `begun` is resolved when the first batch begins. */
	return { generate, batches, contexts, begun: begun.promise, release: gate.resolve };
}
