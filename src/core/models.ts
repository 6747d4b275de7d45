/**
 * The models of a configuration: inference, encoders and decoders, opened together and closed in order.
 *
 * @module
 */
import type { Config, DecodeProgress } from "../plugins/index.ts";
import { setUpPlugins } from "./calling/plugins.ts";
import { type Decoders, type Decoding, openDecoders } from "./decoding/decoders.ts";
import type { DecodeSettings } from "./decoding/settings.ts";
import { tokensFor } from "./decoding/tokens.ts";
import { type Encoders, openEncoders } from "./encoder/encoders.ts";
import { createInference, type InferencePool } from "./inference/pool.ts";
import { type LanguageModels, openLanguageModels } from "./language/language-models.ts";
import { type Measured, type Metrics, openMetrics } from "./metrics/measures.ts";
import type { Picture, PictureLimits } from "./picture/picture.ts";
import type { PictureText } from "./text/text.ts";

/** What is needed to open models. */
export type ModelsConfig = Config &
	Required<Pick<Config, "plugins" | "encoders">> & {
		/** Absolute; what paths in plugins' options are relative to. Default: the working folder. */
		readonly folder?: string;
	};

export interface ModelsOptions {
	/** For the server's log. Default: nowhere. */
	readonly log?: ((level: "info" | "warn" | "error", message: string) => void) | undefined;
	/** Told the size of each batch of pictures that an encoder runs. */
	readonly onEncodeBatch?: ((encoder: string, size: number) => void) | undefined;
}

/** What a decoder made of a text, and how close it comes to the picture that the text was written for. */
export interface MeasuredDecoding {
	readonly decoding: Decoding;
	/** Undefined when the backend kept the picture back. */
	readonly metrics?: Measured;
}

export interface DecodeForOptions {
	readonly settings?: DecodeSettings | undefined;
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: ((progress: DecodeProgress) => void) | undefined;
}

export interface Models {
	readonly inference: InferencePool;
	readonly encoders: Encoders;
	readonly decoders: Decoders;
	readonly metrics: Metrics;
	readonly languageModels: LanguageModels;
	/** Longest text, in characters. */
	readonly textLength: number;
	/**
	 * Draws a text and measures the result against an original. A decoder with the encoder's own tokenizer is given the tokens.
	 *
	 * @throws As {@link Decoders.decode}.
	 */
	decodeFor(
		original: Picture,
		text: PictureText,
		decoder: string,
		options?: DecodeForOptions,
	): Promise<MeasuredDecoding>;
	close(): Promise<void>;
}

const defaultTextLength = 4000;

/** What a picture may cost under a configuration. */
export function pictureLimits({ limits }: Config): PictureLimits {
	return { bytes: limits?.pictureBytes ?? 20 * 2 ** 20, pixels: limits?.picturePixels ?? 50_000_000 };
}

/** @throws DeDiffusionError What keeps an encoder or a plugin from opening. */
export async function openModels(config: ModelsConfig, { log, onEncodeBatch }: ModelsOptions = {}): Promise<Models> {
	const inference = createInference(config.inference);
	const textLength = config.limits?.textLength ?? defaultTextLength;
	const { decoders: limits, folder, network, trace } = config;
	const closers = [() => inference.close()];
	const close = async () => {
		// What runs on the threads is closed before them.
		for (const closeOne of closers.toReversed()) {
			await closeOne().catch(() => undefined);
		}
	};
	try {
		const host = { inference, log: log ?? (() => undefined) };
		const plugged = await setUpPlugins(config.plugins, host, {
			folder,
			...(network && { network }),
			...(trace && { trace }),
		});
		closers.push(plugged.close);
		const decoders = {
			...openDecoders(plugged, { textLength, ...(limits && { decoders: limits }) }),
			close: plugged.close,
		};
		const metrics = openMetrics(plugged, config.metrics);
		const languageModels = openLanguageModels(plugged, textLength, config.languageModels);
		const encoders = await openEncoders(config.encoders, inference, { plugged, onBatch: onEncodeBatch });
		closers.push(encoders.close);
		return {
			inference,
			encoders,
			decoders,
			metrics,
			languageModels,
			textLength,
			async decodeFor(original, text, decoder, { settings = {}, ...options } = {}) {
				const tokens = tokensFor(decoders.get(decoder), text);
				const decoding = await decoders.decode(text.text, decoder, settings, { ...options, tokens });
				return decoding.picture === undefined
					? { decoding }
					: { decoding, metrics: await metrics.measure(original, decoding.picture, options.signal) };
			},
			close,
		};
	} catch (error) {
		await close();
		throw error;
	}
}
