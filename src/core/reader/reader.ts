/**
 * The scene reader: an independent judge of what pictures show, and the feature space in which sets are compared.
 *
 * @module
 */
import { DeDiffusionError, type Inference, type InferenceSession, type PixelImage } from "../../plugins/index.ts";
import { requireTensor } from "../inference/signature.ts";
import { type Features, joinFeatures } from "../metrics/features.ts";
import { pixelValues } from "../picture/pixel-values.ts";
import { type ReaderConfig, readReaderFolder } from "./folder.ts";

/** What the reader makes of pictures. */
export interface Reading {
	/** Penultimate layer: one row for each picture. */
	readonly features: Features;
	/** For each picture, the words that it shows, each with a probability above one half. */
	readonly words: readonly ReadonlySet<string>[];
}

export interface Reader {
	readonly config: ReaderConfig;
	/**
	 * Reads pictures, in runs of at most `maxBatch`.
	 *
	 * @param pictures At least one, each of `config.imageSize` on each side.
	 * @throws RangeError for pictures of another size or none; DeDiffusionError with an `INFERENCE_*` code.
	 */
	read(pictures: readonly PixelImage[]): Promise<Reading>;
	close(): Promise<void>;
}

export interface ReaderOptions {
	/** Most pictures in one run. Default 64. */
	readonly maxBatch?: number | undefined;
}

/**
 * Opens a reader folder and loads its graph.
 *
 * @throws DeDiffusionError `MODEL_INVALID`, `MODEL_VERSION_UNKNOWN`.
 */
export async function openReader(
	folder: string,
	inference: Inference,
	{ maxBatch = 64 }: ReaderOptions = {},
): Promise<Reader> {
	const { config, model } = await readReaderFolder(folder);
	const session = await inference.open(model);
	const { imageSize, words } = config;
	requireTensor(session.inputs, "pixel_values", "float32", [3, imageSize, imageSize], model);
	requireTensor(session.outputs, "features", "float32", [undefined], model);
	requireTensor(session.outputs, "logits", "float32", [words.length], model);
	return {
		config,
		async read(pictures) {
			const other = pictures.find(({ width, height }) => width !== imageSize || height !== imageSize);
			if (other !== undefined) {
				throw new RangeError(
					`The reader sees ${imageSize} x ${imageSize} pixels; a picture has ${other.width} x ${other.height}.`,
				);
			}
			const readings: Reading[] = [];
			for (let start = 0; start < pictures.length; start += maxBatch) {
				readings.push(await readBatch(session, config, pictures.slice(start, start + maxBatch)));
			}
			return {
				features: joinFeatures(readings.map(({ features }) => features)),
				words: readings.flatMap(({ words }) => words),
			};
		},
		close: () => session.close(),
	};
}

async function readBatch(
	session: InferenceSession,
	config: ReaderConfig,
	pictures: readonly PixelImage[],
): Promise<Reading> {
	const outputs = await session.run({ pixel_values: pixelValues(pictures, config) }, { transfer: true });
	const features = outputs.features?.data as Float32Array;
	const logits = outputs.logits?.data as Float32Array;
	const [count, known] = [pictures.length, config.words.length];
	if (logits.length !== count * known || features.length === 0 || features.length % count !== 0) {
		throw new DeDiffusionError("MODEL_INVALID", "The reader's outputs do not have the shapes of its config.json.");
	}
	return {
		features: { count, width: features.length / count, data: features },
		words: pictures.map((_, picture) => {
			// A logit above zero is a probability above one half.
			const shown = (word: number) => (logits[picture * known + word] as number) > 0;
			return new Set(config.words.filter((_, word) => shown(word)));
		}),
	};
}
