/**
 * Measures everything that docs/results.md reports, in the order in which the page reports it.
 *
 * @module
 */
import type { Reading } from "../../src/core/reader/reader.ts";
import type { PixelImage } from "../../src/plugins/index.ts";
import { bootstrapMean, firstFeatures, kernelDistance, psnr } from "./built.ts";
import { type Cell, type DrawSettings, drawCell } from "./drawing.ts";
import { compare, estimateOf, type FrechetGauge, frechetGauge, type Sample, shareBelow } from "./fid.ts";
import type { DecoderRole, MeasuredDecoder, OpenModels } from "./models.ts";
import { scoreTexts } from "./naming.ts";
import type { Options } from "./options.ts";
import { describeOutside } from "./outside.ts";
import type { Progress } from "./progress.ts";
import { type DescribedScene, dediffusion, prefixLengths, sweepSources } from "./prompts.ts";
import { scoreReadings } from "./reading.ts";
import {
	type DecoderResult,
	type PrefixResult,
	type ReconstructionResult,
	type Results,
	resultsVersion,
	type SourceName,
	type SourceResult,
	type SweepPoint,
	type SweepResult,
	type TransferResult,
} from "./results.ts";
import { readScenePicture, type SceneFolder, sharesOf } from "./scenes.ts";

/** The scales of the sweep; 1 means no guidance. */
export const guidanceScales: readonly number[] = [1, 1.5, 2, 3, 5, 7.5];

/** Behind every interval but those of FIDs. */
const resamples = 1000;

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

/** Everything that the parts share. */
interface Bench {
	readonly folder: SceneFolder;
	readonly models: OpenModels;
	readonly options: Options;
	readonly progress: Progress;
	readonly described: readonly DescribedScene[];
	readonly originals: readonly PixelImage[];
	readonly reading: Reading;
	/** For all scenes, and for those of the sweep. */
	readonly gauge: FrechetGauge;
	readonly sweepGauge: FrechetGauge;
	readonly intervals: { readonly resamples: number; readonly seed: number };
	/** Tokens of a whole text. */
	readonly tokens: number;
	/** The cell at the guidance scale of everything but the sweep. */
	cell(decoder: DecoderRole, source: SourceName): Cell;
	/** Pictures of the first scenes. */
	draw(cell: Cell, count: number): Promise<PixelImage[]>;
	/** Draws the pictures of all scenes and reads them. */
	read(cell: Cell): Promise<{ readonly pictures: readonly PixelImage[]; readonly reading: Reading }>;
}

async function openBench(
	folder: SceneFolder,
	models: OpenModels,
	options: Options,
	progress: Progress,
): Promise<Bench> {
	const { count, sweepCount, seed, frechetResamples, guidanceScale, steps, scheduler, work } = options;
	progress.say(`reading ${count} scenes`);
	const pictures = await inTurn(folder.scenes, (scene) => readScenePicture(folder, scene));
	const texts = await Promise.all(pictures.map(({ picture }) => models.encoder.encode(picture)));
	const described = texts.map((text, index) => ({ scene: folder.scenes[index] as DescribedScene["scene"], text }));
	const originals = pictures.map(({ pixels }) => pixels);
	const reading = await models.reader.read(originals);
	progress.say(`resampling ${frechetResamples} times for the FIDs' intervals`);
	const resampling = { resamples: frechetResamples, seed };
	const settings: DrawSettings = {
		workFolder: work,
		imageSize: folder.imageSize,
		steps,
		scheduler,
		seed,
		fingerprints: models.fingerprints,
		progress,
	};
	// No text is the same at every scale, because guidance leads away from no text.
	const draw = (cell: Cell, wanted: number) =>
		drawCell(cell.source === "none" ? { ...cell, guidanceScale: 1 } : cell, described.slice(0, wanted), settings);
	return {
		folder,
		models,
		options,
		progress,
		described,
		originals,
		reading,
		gauge: frechetGauge(reading.features, resampling),
		sweepGauge: frechetGauge(firstFeatures(reading.features, sweepCount), resampling),
		intervals: { resamples, seed },
		tokens: models.encoder.info.tokens,
		cell: (decoder, source) => ({ measured: models.decoders[decoder], source, guidanceScale }),
		draw,
		async read(cell) {
			const drawn = await draw(cell, count);
			return { pictures: drawn, reading: await models.reader.read(drawn) };
		},
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

async function measureTransfer(bench: Bench): Promise<TransferResult> {
	const own = dediffusion(bench.tokens);
	const measured = bench.models.decoders["scenes-b"];
	const points = await sweepScales(bench, measured);
	const plain =
		measured.guidanceRescale === 0 ? {} : { plain: sweepResult(await sweepScales(bench, bench.models.plain), own) };
	const best = new Map<SourceName, { readonly point: SweepPoint; readonly sample: Sample }>();
	for (const source of sweepSources(bench.tokens)) {
		const ofSource = points.filter((point) => point.source === source);
		const lowest = ofSource.reduce((a, b) => (b.sample.value < a.sample.value ? b : a));
		// Chosen on the sweep's scenes, reported for all of them.
		const { reading } = await bench.read({ measured, source, guidanceScale: lowest.guidanceScale });
		const sample = bench.gauge(reading.features);
		best.set(source, { sample, point: { source, guidanceScale: lowest.guidanceScale, fid: estimateOf(sample) } });
	}
	const bestOf = (source: SourceName) => (best.get(source) as { readonly sample: Sample }).sample;
	return {
		...sweepResult(points, own),
		...plain,
		best: [...best.values()].map(({ point }) => point),
		bestBelowTerse: shareBelow(bestOf(own), bestOf("terse")),
	};
}

type SweepSample = Omit<SweepPoint, "fid"> & { readonly sample: Sample };

async function sweepScales(bench: Bench, measured: MeasuredDecoder): Promise<SweepSample[]> {
	const points: SweepSample[] = [];
	for (const source of sweepSources(bench.tokens)) {
		for (const guidanceScale of guidanceScales) {
			const drawn = await bench.draw({ measured, source, guidanceScale }, bench.options.sweepCount);
			const { features } = await bench.models.reader.read(drawn);
			points.push({ source, guidanceScale, sample: bench.sweepGauge(features) });
		}
	}
	return points;
}

function sweepResult(points: readonly SweepSample[], own: SourceName): SweepResult {
	const at = (source: SourceName, scale: number) =>
		(points.find((point) => point.source === source && point.guidanceScale === scale) as SweepSample).sample;
	return {
		sweep: points.map(({ source, guidanceScale, sample }) => ({ source, guidanceScale, fid: estimateOf(sample) })),
		belowTerse: guidanceScales.map((guidanceScale) => ({
			guidanceScale,
			share: shareBelow(at(own, guidanceScale), at("terse", guidanceScale)),
		})),
	};
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

/** One after another, so that thousands of files are not open at once. */
async function inTurn<Item, Result>(items: readonly Item[], action: (item: Item) => Promise<Result>) {
	const results: Result[] = [];
	for (const item of items) {
		results.push(await action(item));
	}
	return results;
}
