/**
 * Drawing a prompt source's pictures with a decoder, batch by batch; what is drawn is kept and never drawn again.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Decoder, PixelImage } from "../../src/plugins/index.ts";
import type { DecoderRole, MeasuredDecoder } from "./models.ts";
import type { Progress } from "./progress.ts";
import { type DescribedScene, promptOf } from "./prompts.ts";
import type { SourceName } from "./results.ts";
import { readStrip, writeStrip } from "./strip.ts";

/** Batches of the decoder in one file. */
const batchesInStrip = 8;

/** One set of pictures: who draws it, from what, how strongly guided. */
export interface Cell {
	readonly measured: MeasuredDecoder;
	readonly source: SourceName;
	readonly guidanceScale: number;
}

export interface DrawSettings {
	/** Folder for the strips. */
	readonly workFolder: string;
	/** Pixels on each side. */
	readonly imageSize: number;
	readonly steps: number;
	readonly scheduler: string | undefined;
	/** Scene n is drawn from the noise of `seed + n`, whatever the prompt. */
	readonly seed: number;
	/** Says which weights a decoder has, so that strips of other weights are not taken for its own. */
	readonly fingerprints: Readonly<Record<DecoderRole, string>>;
	readonly progress: Progress;
}

/** One picture for each scene, in order. */
export async function drawCell(
	cell: Cell,
	described: readonly DescribedScene[],
	settings: DrawSettings,
): Promise<PixelImage[]> {
	const { decoder } = cell.measured;
	const batch = decoder.capabilities.maxBatch;
	const pictures: PixelImage[] = [];
	settings.progress.begin(describe(cell), described.length);
	await mkdir(settings.workFolder, { recursive: true });
	for (let start = 0; start < described.length; start += batch * batchesInStrip) {
		const part = described.slice(start, start + batch * batchesInStrip);
		const requests = part.map((one, index) => requestFor(cell, one, start + index, settings));
		const path = join(settings.workFolder, `${stripName(cell, start, requests, settings)}.png`);
		const kept = await readStrip(path, part.length);
		const drawn = kept ?? (await drawInBatches(decoder, requests, batch, settings.progress));
		if (kept === undefined) {
			await writeStrip(path, drawn);
		}
		pictures.push(...drawn);
		settings.progress.advance(part.length, kept === undefined);
	}
	return pictures;
}

type Request = ReturnType<typeof requestFor>;

function requestFor(
	{ source, guidanceScale }: Cell,
	described: DescribedScene,
	index: number,
	{ imageSize, steps, scheduler, seed }: DrawSettings,
) {
	return {
		// Empty for no text, which the server never asks for but a decoder can draw.
		prompt: promptOf(described, source),
		guidanceScale,
		seed: seed + index,
		steps,
		width: imageSize,
		height: imageSize,
		...(scheduler === undefined ? {} : { scheduler }),
	};
}

async function drawInBatches(
	decoder: Decoder,
	requests: readonly Request[],
	batch: number,
	progress: Progress,
): Promise<PixelImage[]> {
	const context = { signal: new AbortController().signal, onProgress: () => undefined };
	const pictures: PixelImage[] = [];
	const warnings: string[] = [];
	for (let start = 0; start < requests.length; start += batch) {
		for (const result of await decoder.generate(requests.slice(start, start + batch), context)) {
			if (result.status !== "done" || result.image.kind !== "pixels") {
				throw new Error(`${decoder.id} gave no pixels for "${result.effectivePrompt}".`);
			}
			pictures.push(result.image);
			warnings.push(...result.warnings.map(({ message }) => message));
		}
	}
	// A prompt that was cut short is not the one that is measured.
	if (warnings.length > 0) {
		progress.say(`${decoder.id} warns ${warnings.length} times of ${requests.length} prompts, first: ${warnings[0]}`);
	}
	return pictures;
}

/** Readable, and different wherever the pictures would be. */
function stripName(
	{ measured, source, guidanceScale }: Cell,
	start: number,
	requests: readonly Request[],
	{ fingerprints }: DrawSettings,
): string {
	const { role } = measured;
	const rescale = rescaleOf(measured, guidanceScale);
	const guidance = `guidance-${guidanceScale}${rescale > 0 ? `-rescaled-${rescale}` : ""}`;
	const inputs = JSON.stringify([fingerprints[role], requests]);
	const hash = createHash("sha256").update(inputs).digest("hex").slice(0, 16);
	return `${role}-${source}-${guidance}-${start}-${hash}`;
}

function describe({ measured, source, guidanceScale }: Cell): string {
	const rescale = rescaleOf(measured, guidanceScale);
	return `${measured.role}, ${source}, guidance ${guidanceScale}${rescale > 0 ? ` rescaled by ${rescale}` : ""}`;
}

/** Where there is no guidance, nothing is rescaled. */
function rescaleOf({ guidanceRescale }: MeasuredDecoder, guidanceScale: number): number {
	return guidanceScale > 1 ? guidanceRescale : 0;
}
