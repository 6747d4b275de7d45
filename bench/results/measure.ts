/**
 * Measures everything that docs/results.md reports, in the order in which the page reports it.
 *
 * @module
 */
import type { Reading } from "../../src/core/reader/reader.ts";
import type { PixelImage } from "../../src/plugins/index.ts";
import { type Bench, openBench, resamples } from "./bench.ts";
import { bootstrapMean, kernelDistance, psnr } from "./built.ts";
import { compare, estimateOf, type Sample, shareBelow } from "./fid.ts";
import type { DecoderRole, MeasuredDecoder, OpenModels } from "./models.ts";
import { scoreTexts } from "./naming.ts";
import type { Options } from "./options.ts";
import { describeOutside } from "./outside.ts";
import type { Progress } from "./progress.ts";
import { type DescribedScene, dediffusion, prefixLengths } from "./prompts.ts";
import { scoreReadings } from "./reading.ts";
import {
	type DecoderResult,
	type PrefixResult,
	type ReconstructionResult,
	type Results,
	resultsVersion,
	type SourceName,
	type SourceResult,
} from "./results.ts";
import { type SceneFolder, sharesOf } from "./scenes.ts";
import { measureTransfer } from "./transfer.ts";

/** Of KID; of fewer scenes half are taken, because the whole would always be the same subset. */
const largestSubset = 1000;

export interface Measured {
	readonly results: Results;
	/** Draws a set of the first scenes' pictures, for the contact sheet. */
	readonly draw: (decoder: DecoderRole, source: SourceName, count: number) => Promise<PixelImage[]>;
	readonly described: readonly DescribedScene[];
	readonly originals: readonly PixelImage[];
}

/** @throws What the models throw. */
export async function measure(
	folder: SceneFolder,
	models: OpenModels,
	options: Options,
	progress: Progress,
	notes: string,
): Promise<Measured> {
	const bench = await openBench(folder, models, options, progress);
	const decoders = await measureDecoders(bench);
	const text = scoreTexts(bench.described, folder, bench.intervals);
	const reconstruction = await measureReconstruction(bench);
	const prefixes = await measurePrefixes(bench);
	const transfer = await measureTransfer(bench);
	const outside = await describeOutside(models.encoder);
	return {
		results: {
			formatVersion: resultsVersion,
			setting: settingOf(bench),
			decoders,
			text,
			reconstruction,
			transfer,
			prefixes,
			outside,
			notes,
		},
		draw: (decoder, source, count) => bench.draw(bench.cell(decoder, source), count),
		described: bench.described,
		originals: bench.originals,
	};
}

async function measureDecoders(bench: Bench): Promise<DecoderResult[]> {
	const results = [scoreOf(bench, "originals", bench.reading)];
	for (const decoder of ["scenes-a", "scenes-b"] as const) {
		const { reading } = await bench.read(bench.cell(decoder, "complete"));
		results.push(scoreOf(bench, decoder, reading));
	}
	return results;
}

function scoreOf({ folder, models, intervals }: Bench, name: string, { words }: Reading): DecoderResult {
	return scoreReadings(name, folder.scenes, words, models.reader.config, intervals);
}

async function measureReconstruction(bench: Bench): Promise<ReconstructionResult> {
	const own = dediffusion(bench.tokens);
	const measured = new Map<SourceName, { result: SourceResult; fid: Sample; psnr: readonly number[] }>();
	for (const source of ["none", "terse", "complete", own] as const) {
		const { pictures, reading } = await bench.read(bench.cell("scenes-a", source));
		const ratios = psnrsOf(bench, pictures);
		const fid = bench.gauge(reading.features);
		bench.progress.say(`KID of ${source}`);
		const kid = kernelDistance(bench.reading.features, reading.features, {
			seed: bench.options.seed,
			subsetSize: Math.min(largestSubset, Math.floor(bench.options.count / 2)),
		});
		const result = { source, psnr: bootstrapMean(ratios, bench.intervals), fid: estimateOf(fid), kid };
		measured.set(source, { result, fid, psnr: ratios });
	}
	const of = (source: SourceName) => measured.get(source) as NonNullable<ReturnType<typeof measured.get>>;
	return {
		sources: [...measured.values()].map(({ result }) => result),
		fidOverComplete: compare(of(own).fid, of("complete").fid, (a, b) => a / b),
		fidBelowTerse: shareBelow(of(own).fid, of("terse").fid),
		psnrAboveTerse: bootstrapMean(
			of(own).psnr.map((ratio, index) => ratio - (of("terse").psnr[index] as number)),
			bench.intervals,
		),
	};
}

/** Of equal pictures it would be infinite and no mean could be taken; 8-bit pictures that differ stay far below this. */
const highestPsnr = 100;

function psnrsOf({ originals }: Bench, drawn: readonly PixelImage[]): number[] {
	return drawn.map((picture, index) => Math.min(psnr(originals[index] as PixelImage, picture), highestPsnr));
}

async function measurePrefixes(bench: Bench): Promise<PrefixResult[]> {
	const results: PrefixResult[] = [];
	let shorter: Sample | undefined;
	for (const length of prefixLengths(bench.tokens)) {
		const { pictures, reading } = await bench.read(bench.cell("scenes-a", dediffusion(length)));
		const fid = bench.gauge(reading.features);
		results.push({
			length,
			things: scoreOf(bench, `scenes-a from ${length} tokens`, reading).things,
			psnr: bootstrapMean(psnrsOf(bench, pictures), bench.intervals),
			fid: estimateOf(fid),
			...(shorter === undefined ? {} : { belowShorter: shareBelow(fid, shorter) }),
		});
		shorter = fid;
	}
	return results;
}

function settingOf({ folder, models, options, reading, tokens }: Bench): Results["setting"] {
	return {
		scenes: options.count,
		sweepScenes: options.sweepCount,
		styles: sharesOf(folder.scenes, ({ style }) => style),
		thingCounts: sharesOf(folder.scenes, ({ things }) => String(things.length)),
		backgrounds: sharesOf(folder.scenes, ({ backgroundKind }) => backgroundKind),
		knownThings: folder.things.length,
		knownColours: folder.colours.length,
		steps: options.steps,
		scheduler: options.scheduler ?? [...new Set(Object.values(models.decoders).map(ownScheduler))].join(" and "),
		guidanceScale: options.guidanceScale,
		guidanceRescale: options.guidanceRescale,
		seed: options.seed,
		tokens,
		featureWidth: reading.features.width,
		frechetResamples: options.frechetResamples,
		resamples,
		models: models.fingerprints,
	};
}

function ownScheduler({ decoder }: MeasuredDecoder): string {
	return decoder.capabilities.defaults.scheduler ?? "unknown";
}
