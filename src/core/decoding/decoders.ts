/**
 * The decoders of all plugins behind one door.
 *
 * @module
 */
import DataLoader from "dataloader";
import {
	type DecodeProgress,
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecodeWarning,
	DeDiffusionError,
	type Plugin,
	type PluginHost,
} from "../../plugins/index.ts";
import { pictureFrom } from "../picture/drawn.ts";
import type { Picture } from "../picture/picture.ts";
import { Lanes } from "./lanes.ts";
import { checkFor, type DecodeSettings, fitTo } from "./settings.ts";

/** What a decoder made of a text. */
export interface Decoding {
	/** Undefined when the backend kept it back. */
	readonly picture?: Picture;
	readonly decoder: string;
	readonly seed: number;
	/** The text that the model really saw. */
	readonly effectivePrompt: string;
	readonly warnings: readonly DecodeWarning[];
	/** From the call to the picture, waiting for the lane included, in milliseconds. */
	readonly durationMs: number;
	readonly filteredReason?: string;
}

export interface DecodeOptions {
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: ((progress: DecodeProgress) => void) | undefined;
}

export interface Decoders {
	list(): readonly Decoder[];
	/** @param input Names the argument in errors. Default `decoder`. @throws DeDiffusionError `DECODER_NOT_FOUND`. */
	get(id: string, input?: string): Decoder;
	/** Checks settings without drawing. @throws DeDiffusionError `DECODER_NOT_FOUND`, `SETTING_INVALID`, `SCHEDULER_UNKNOWN`. */
	checkSettings(id: string, settings: DecodeSettings): void;
	/**
	 * Draws one picture. Calls that wait at the same time for one decoder go to it as one batch.
	 *
	 * @throws DeDiffusionError `DECODER_NOT_FOUND`, `TEXT_EMPTY`, `TEXT_TOO_LONG`, `SETTING_INVALID`, `SCHEDULER_UNKNOWN`,
	 * and what the decoder throws.
	 */
	decode(text: string, id: string, settings: DecodeSettings, options?: DecodeOptions): Promise<Decoding>;
	close(): Promise<void>;
}

interface Job {
	readonly request: DecodeRequest;
	readonly options: DecodeOptions;
}

/**
 * Sets up the plugins' decoders.
 *
 * @throws DeDiffusionError `CONFIG_INVALID` if two decoders share an id, and what a plugin's setup throws.
 */
export async function createDecoders(
	plugins: readonly Plugin[],
	host: PluginHost,
	limits: { readonly textLength: number },
): Promise<Decoders> {
	const decoders = new Map<string, Decoder>();
	for (const plugin of plugins) {
		for (const decoder of await plugin.setup(host)) {
			if (decoders.has(decoder.id)) {
				throw new DeDiffusionError("CONFIG_INVALID", `Two decoders have the id ${decoder.id}.`, { input: plugin.name });
			}
			decoders.set(decoder.id, decoder);
		}
	}
	const lanes = new Lanes();
	const queues = new Map([...decoders].map(([id, decoder]) => [id, queueOf(decoder, lanes)]));

	const get = (id: string, input = "decoder"): Decoder => {
		const decoder = decoders.get(id);
		if (decoder === undefined) {
			throw new DeDiffusionError("DECODER_NOT_FOUND", `There is no decoder ${id}.`, {
				input,
				advice: `Choose one of ${[...decoders.keys()].join(", ")}.`,
			});
		}
		return decoder;
	};
	const checkSettings = (id: string, settings: DecodeSettings): void => checkFor(get(id), settings);

	return {
		list: () => [...decoders.values()],
		get,
		checkSettings,
		async decode(text, id, settings, options = {}) {
			const decoder = get(id);
			checkSettings(id, settings);
			checkText(text, limits.textLength);
			const start = performance.now();
			const { request, warnings } = fitTo(decoder, text, settings);
			const result = await (queues.get(id) as DataLoader<Job, DecodeResult>).load({ request, options });
			const shared = {
				decoder: id,
				seed: result.seed,
				effectivePrompt: result.effectivePrompt,
				warnings: [...warnings, ...result.warnings],
			};
			if (result.status === "filtered") {
				return { ...shared, filteredReason: result.reason, durationMs: performance.now() - start };
			}
			const picture = await pictureFrom(result.image);
			return { ...shared, picture, durationMs: performance.now() - start };
		},
		async close() {
			await Promise.all([...decoders.values()].map((decoder) => decoder.close?.()));
		},
	};
}

/**
 * @param input Names the argument in errors. Default `text`.
 * @throws DeDiffusionError `TEXT_EMPTY`, `TEXT_TOO_LONG`.
 */
export function checkText(text: string, longest: number, input = "text"): void {
	if (text.trim() === "") {
		throw new DeDiffusionError("TEXT_EMPTY", "The text is empty.", { input });
	}
	if (text.length > longest) {
		throw new DeDiffusionError("TEXT_TOO_LONG", `The text has ${text.length} characters, more than ${longest}.`, {
			input,
		});
	}
}

/** A decoder's queue: what waits when its lane is free, as a network's always is, is drawn as one batch. */
function queueOf(decoder: Decoder, lanes: Lanes): DataLoader<Job, DecodeResult> {
	let running: Promise<unknown> = Promise.resolve();
	const untilFree = () => (decoder.lane === "network" ? Promise.resolve() : running);
	return new DataLoader<Job, DecodeResult>(
		(jobs) => {
			const batch = drawBatch(decoder, lanes, jobs);
			running = batch;
			return batch;
		},
		{
			cache: false,
			maxBatchSize: decoder.capabilities.maxBatch,
			batchScheduleFn: (dispatch) => void untilFree().then(() => setImmediate(dispatch)),
		},
	);
}

/** Never throws: a batch that fails gives each of its jobs the error. */
async function drawBatch(decoder: Decoder, lanes: Lanes, jobs: readonly Job[]): Promise<(DecodeResult | Error)[]> {
	const waiting = jobs.map(({ options }) => options.signal);
	const signal = allAborted(waiting);
	try {
		const results = await lanes.enter(decoder.lane, signal, () =>
			decoder.generate(
				jobs.map(({ request }) => request),
				{
					signal,
					onProgress: (progress) => {
						for (const [index, { options }] of jobs.entries()) {
							if (progress.request === undefined || progress.request === index) {
								options.onProgress?.(progress);
							}
						}
					},
				},
			),
		);
		if (results.length !== jobs.length) {
			throw new DeDiffusionError(
				"BACKEND_PROTOCOL",
				`${decoder.id} gave ${results.length} results for ${jobs.length} requests.`,
			);
		}
		return [...results];
	} catch (error) {
		const typed = error instanceof Error ? error : new Error(String(error));
		return jobs.map(() => typed);
	}
}

/** Aborted when nobody of the batch waits any more. */
function allAborted(signals: readonly (AbortSignal | undefined)[]): AbortSignal {
	const controller = new AbortController();
	const check = () => {
		if (signals.every((signal) => signal?.aborted)) {
			controller.abort();
		}
	};
	for (const signal of signals) {
		signal?.addEventListener("abort", check, { once: true });
	}
	check();
	return controller.signal;
}
