/**
 * What all measurements share: the scenes, what the encoder and the reader say of them, and pictures of any cell.
 *
 * @module
 */
import type { Reading } from "../../src/core/reader/reader.ts";
import type { PixelImage } from "../../src/plugins/index.ts";
import { firstFeatures } from "./built.ts";
import { type Cell, type DrawSettings, drawCell } from "./drawing.ts";
import { type FrechetGauge, frechetGauge } from "./fid.ts";
import type { DecoderRole, OpenModels } from "./models.ts";
import type { Options } from "./options.ts";
import type { Progress } from "./progress.ts";
import type { DescribedScene } from "./prompts.ts";
import type { SourceName } from "./results.ts";
import { readScenePicture, type SceneFolder } from "./scenes.ts";

/** Behind every interval but those of FIDs. */
export const resamples = 1000;

/** Everything that the parts share. */
export interface Bench {
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

/**
 * Reads the scenes and lets the encoder describe and the reader read them.
 *
 * @throws What the models throw.
 */
export async function openBench(
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

/** One after another, so that thousands of files are not open at once. */
async function inTurn<Item, Result>(items: readonly Item[], action: (item: Item) => Promise<Result>) {
	const results: Result[] = [];
	for (const item of items) {
		results.push(await action(item));
	}
	return results;
}
