/**
 * The De-Diffusion encoder (Wei et al., arXiv 2311.00618): picture to text in one ONNX run, many pictures in one batch.
 *
 * @module
 */
import DataLoader from "dataloader";
import {
	DeDiffusionError,
	type DeviceReport,
	type EncodeSettingName,
	type Inference,
	type InferenceSession,
	type Lane,
	type PixelImage,
} from "../../plugins/index.ts";
import type { Limits } from "../calling/caller.ts";
import { requireTensor } from "../inference/signature.ts";
import type { Picture } from "../picture/picture.ts";
import { pixelValues } from "../picture/pixel-values.ts";
import { toPixels } from "../picture/pixels.ts";
import { checkLength, type DeDiffusionText, type PictureText, prefix } from "../text/text.ts";
import { type EncoderConfig, type EncoderFolder, readEncoderFolder } from "./folder.ts";
import { checkSeed, seedIgnored } from "./seed.ts";

/** What is known of any encoder. */
export interface EncoderInfo {
	readonly id: string;
	readonly name: string;
	readonly lane: Lane;
	readonly settings: readonly EncodeSettingName[];
	/** Whether equal pictures have equal texts. */
	readonly deterministic: boolean;
	/** Pixels on each side of what the model sees; undefined where it takes pictures of any size. */
	readonly imageSize?: number;
	/** Tokens for a picture, or the most of them; undefined when unknown. */
	readonly tokens?: number;
	/** Different tokens it chooses from, when known. */
	readonly vocabulary?: number;
	/** Id of the decoder that it was trained through; undefined for a captioner. */
	readonly decoder?: string;
	/** Undefined for a plugin's encoder, which may run anywhere. */
	readonly device?: DeviceReport;
	/** Undefined for encoders of this machine that nobody limits. */
	readonly limits?: Limits;
}

/** What turns pictures into text: a De-Diffusion encoder, or one of a plugin. */
export interface Encoder<Text extends PictureText = PictureText> {
	readonly info: EncoderInfo;
	/**
	 * @param options.length Most tokens, from 1 to `info.tokens` where that is known; default: all.
	 * @throws DeDiffusionError `INPUT_INVALID`, `PICTURE_UNREADABLE`, `ABORTED`, an `INFERENCE_*` code, and what a plugin throws.
	 */
	encode(picture: Picture, options?: EncodeOptions): Promise<Text>;
	/** Resolves when it could write now. @throws DeDiffusionError What is missing. */
	health(signal: AbortSignal): Promise<void>;
	close(): Promise<void>;
}

/** The encoder of a De-Diffusion folder. */
export interface DeDiffusionEncoder extends Encoder<DeDiffusionText> {
	readonly info: EncoderInfo &
		Required<Pick<EncoderInfo, "imageSize" | "tokens" | "vocabulary" | "decoder" | "device">>;
}

export interface EncodeOptions {
	readonly length?: number | undefined;
	/** For encoders that honour one: from 0 to 2^31 - 1. Default 0, so that a text can be had again. */
	readonly seed?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface EncoderOptions {
	/** Most pictures in one run. Default 32. */
	readonly maxBatch?: number | undefined;
	/** Told the size of each batch when it is run. */
	readonly onBatch?: ((size: number) => void) | undefined;
}

/**
 * Opens an encoder folder and loads its graph.
 *
 * @throws DeDiffusionError `MODEL_INVALID`, `MODEL_VERSION_UNKNOWN`.
 */
export async function openEncoder(
	id: string,
	folder: string,
	inference: Inference,
	{ maxBatch = 32, onBatch }: EncoderOptions = {},
): Promise<DeDiffusionEncoder> {
	const { config, vocabulary, tokenizer, model } = await readEncoderFolder(folder);
	const session = await inference.open(model);
	requireSignature(session, config, model);
	const write = (values: TokenValues) => ({ ...textOf(values, id, config, vocabulary), tokenizer });

	// Requests of one turn of the event loop and all that come while a run is on wait for the next run together.
	let running: Promise<unknown> = Promise.resolve();
	const loader = new DataLoader<Job, DeDiffusionText, Job>(
		(jobs) => {
			// More than fit in one run are cut in several, which start at the same time and take turns.
			const batch = running.then(() => encodeBatch(jobs));
			running = batch.catch(() => undefined);
			return batch;
		},
		{
			cache: false,
			maxBatchSize: maxBatch,
			batchScheduleFn: (dispatch) => void running.then(() => setImmediate(dispatch)),
		},
	);

	/** A picture that is damaged or not wanted any more fails alone. */
	async function encodeBatch(jobs: readonly Job[]): Promise<(DeDiffusionText | Error)[]> {
		const inputs = await Promise.all(jobs.map(({ pixels }) => pixels));
		const failures = inputs.map((input, index) => {
			const failure = input instanceof Error ? input : undefined;
			return jobs[index]?.signal?.aborted ? givenUp() : failure;
		});
		const images = inputs.filter((_, index) => failures[index] === undefined) as PixelImage[];
		if (images.length > 0) {
			onBatch?.(images.length);
		}
		const texts = images.length > 0 ? (await runBatch(session, config, images)).map(write) : [];
		return failures.map((failure) => failure ?? (texts.shift() as DeDiffusionText));
	}

	return {
		info: {
			id,
			name: config.name,
			lane: session.device.provider === "cpu" ? "cpu" : "gpu",
			settings: ["length"],
			deterministic: true,
			imageSize: config.imageSize,
			tokens: config.tokens,
			vocabulary: vocabulary.size,
			decoder: config.decoder,
			device: session.device,
		},
		async encode(picture, { length, seed, signal } = {}) {
			checkSeed(seed);
			if (length !== undefined) {
				checkLength(length, config.tokens);
			}
			// Decoded beside the run that is on; requests are gathered first, because some pictures take longer than others.
			const pixels = toPixels(picture, { width: config.imageSize, height: config.imageSize });
			const text = await loader.load({ pixels: pixels.catch((error: Error) => error), signal });
			const warnings = seed === undefined ? [] : [seedIgnored(config.name)];
			return { ...(length === undefined ? text : prefix(text, length)), warnings };
		},
		health: async () => undefined,
		close: () => session.close(),
	};
}

/** One request. */
interface Job {
	/** Or why there are none. */
	readonly pixels: Promise<PixelImage | Error>;
	readonly signal: AbortSignal | undefined;
}

function givenUp(): DeDiffusionError {
	return new DeDiffusionError("ABORTED", "The request was given up before its picture was encoded.");
}

/** What the graph says of one picture. */
interface TokenValues {
	/** [tokens] */
	readonly ids: readonly number[];
	/** [tokens] */
	readonly scores: Float32Array;
	/** [tokens * rows * columns] */
	readonly attention: Float32Array;
}

async function runBatch(session: InferenceSession, config: EncoderConfig, images: readonly PixelImage[]) {
	const { tokens, attention } = config;
	const outputs = await session.run({ pixel_values: pixelValues(images, config) }, { transfer: true });
	const ids = outputs.token_ids?.data as BigInt64Array;
	const scores = outputs.token_scores?.data as Float32Array;
	const maps = outputs.attention?.data as Float32Array;
	const mapSize = tokens * attention[0] * attention[1];
	if (
		ids.length !== images.length * tokens ||
		scores.length !== ids.length ||
		maps.length !== images.length * mapSize
	) {
		throw new DeDiffusionError("MODEL_INVALID", "The encoder's outputs do not have the shapes of its config.json.");
	}
	return images.map((_, index): TokenValues => {
		const slice = <Data extends { slice(start: number, end: number): Data }>(data: Data, length: number) =>
			data.slice(index * length, (index + 1) * length);
		return {
			ids: Array.from(slice(ids, tokens), Number),
			scores: slice(scores, tokens),
			attention: slice(maps, mapSize),
		};
	});
}

function textOf(
	{ ids, scores, attention }: TokenValues,
	encoder: string,
	{ attention: [height, width] }: EncoderConfig,
	vocabulary: EncoderFolder["vocabulary"],
): DeDiffusionText {
	const join = (some: readonly number[]) => vocabulary.join(some);
	const tokens = ids.map((id, index) => ({
		id,
		text: vocabulary.read(id),
		score: scores[index] as number,
		attention: { width, height, weights: attention.subarray(index * width * height, (index + 1) * width * height) },
	}));
	return { text: join(ids), tokens, encoder, head: (length) => join(ids.slice(0, length)), warnings: [], join };
}

function requireSignature(session: InferenceSession, config: EncoderConfig, model: string): void {
	const { imageSize, tokens, attention } = config;
	requireTensor(session.inputs, "pixel_values", "float32", [3, imageSize, imageSize], model);
	requireTensor(session.outputs, "token_ids", "int64", [tokens], model);
	requireTensor(session.outputs, "token_scores", "float32", [tokens], model);
	requireTensor(session.outputs, "attention", "float32", [tokens, ...attention], model);
}
