/**
 * The decoders of all plugins behind one door.
 *
 * @module
 */
import {
	type Config,
	type DecodeProgress,
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecodeWarning,
	DeDiffusionError,
	type GenerateContext,
	type Plugin,
} from "../../plugins/index.ts";
import { Caller, type Limits } from "../calling/caller.ts";
import type { Clock } from "../calling/clock.ts";
import { checkLimits, type Lent, type Plugged, setUpPlugins } from "../calling/plugins.ts";
import { type Queue, queueOf } from "../calling/queue.ts";
import { pictureFrom } from "../picture/drawn.ts";
import type { Picture } from "../picture/picture.ts";
import { checkFor, type DecodeSettings, fitTo, initialImageFor } from "./settings.ts";
import { checkTokens, type PromptTokens, tokenIdsFor } from "./tokens.ts";

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
	/** The text in the ids that it was made of; used where the decoder's tokenizer is theirs. */
	readonly tokens?: PromptTokens | undefined;
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
	 * @throws DeDiffusionError `DECODER_NOT_FOUND`, `TEXT_EMPTY`, `TEXT_TOO_LONG`, `INPUT_INVALID`, `SETTING_INVALID`,
	 * `SCHEDULER_UNKNOWN`, and what the decoder throws.
	 */
	decode(text: string, id: string, settings: DecodeSettings, options?: DecodeOptions): Promise<Decoding>;
	/** Resolves when a decoder could draw now, or does not say. @throws DeDiffusionError What is missing. */
	health(id: string, signal: AbortSignal): Promise<void>;
	/** How hard a decoder is driven, with every default filled in. @throws DeDiffusionError `DECODER_NOT_FOUND`. */
	limits(id: string): Limits;
	close(): Promise<void>;
}

export type { Lent } from "../calling/plugins.ts";

export interface DecodersOptions extends Pick<Config, "decoders" | "network" | "trace"> {
	/** Longest text, in characters. */
	readonly textLength: number;
	/** Default: the system's. */
	readonly clock?: Clock;
}

/** A decoder with all that stands around it. */
interface Entry {
	readonly decoder: Decoder;
	readonly caller: Caller;
	readonly queue: Queue<DecodeRequest, DecodeResult, DecodeProgress>;
}

/**
 * Sets up plugins for their decoders alone.
 *
 * @throws DeDiffusionError As {@link setUpPlugins} and {@link openDecoders}.
 */
export async function createDecoders(
	plugins: readonly Plugin[],
	lent: Lent,
	{ network, trace, clock, ...options }: DecodersOptions,
): Promise<Decoders> {
	const plugged = await setUpPlugins(plugins, lent, { clock, ...(network && { network }), ...(trace && { trace }) });
	try {
		return { ...openDecoders(plugged, options), close: plugged.close };
	} catch (error) {
		await plugged.close();
		throw error;
	}
}

/** @throws DeDiffusionError `CONFIG_INVALID` if limits name no decoder. */
export function openDecoders(
	plugged: Plugged,
	{ textLength, decoders: limits = {} }: Pick<DecodersOptions, "textLength" | "decoders">,
): Omit<Decoders, "close"> {
	const entries = new Map<string, Entry>();
	for (const decoder of plugged.decoders) {
		const caller = new Caller(decoder, limits[decoder.id], plugged.calling);
		entries.set(decoder.id, { decoder, caller, queue: queueFor(decoder, caller) });
	}
	checkLimits(limits, [...entries.keys()], "decoders");

	const entryOf = (id: string, input = "decoder"): Entry => {
		const entry = entries.get(id);
		if (entry === undefined) {
			throw new DeDiffusionError("DECODER_NOT_FOUND", `There is no decoder ${id}.`, {
				input,
				advice: `Choose one of ${[...entries.keys()].join(", ")}.`,
			});
		}
		return entry;
	};
	const checkSettings = (id: string, settings: DecodeSettings): void => checkFor(entryOf(id).decoder, settings);

	return {
		list: () => [...entries.values()].map(({ decoder }) => decoder),
		get: (id, input) => entryOf(id, input).decoder,
		checkSettings,
		async decode(text, id, settings, { tokens, ...options } = {}) {
			const { decoder, queue } = entryOf(id);
			checkSettings(id, settings);
			checkText(text, textLength);
			if (tokens !== undefined) {
				checkTokens(tokens);
			}
			const start = performance.now();
			const { request: plain, warnings } = fitTo(decoder, text, settings);
			const tokenIds = tokenIdsFor(decoder, tokens);
			const initialImage = settings.initialImage ? await initialImageFor(decoder, settings) : {};
			const request = { ...plain, ...tokenIds.request, ...initialImage };
			const result = await queue.load({ request, ...options });
			const shared = {
				decoder: id,
				seed: result.seed,
				effectivePrompt: result.effectivePrompt,
				warnings: [...warnings, ...tokenIds.warnings, ...result.warnings],
			};
			if (result.status === "filtered") {
				return { ...shared, filteredReason: result.reason, durationMs: performance.now() - start };
			}
			const picture = await pictureFrom(result.image);
			return { ...shared, picture, durationMs: performance.now() - start };
		},
		health: async (id, signal) => entryOf(id).caller.health(signal),
		limits: (id) => entryOf(id).caller.limits,
	};
}

function queueFor(decoder: Decoder, caller: Caller): Entry["queue"] {
	const { lane, capabilities } = decoder;
	return queueOf({
		lane,
		maxBatch: capabilities.maxBatch,
		likeness: capabilities.batches === "alike" ? ({ seed: _, ...rest }) => JSON.stringify(rest) : undefined,
		call: (requests, context) => generate(decoder, caller, requests, context),
	});
}

/** One call of `generate`. @throws DeDiffusionError As {@link Caller.call}, and `BACKEND_PROTOCOL`. */
function generate(
	decoder: Decoder,
	caller: Caller,
	requests: readonly DecodeRequest[],
	{ signal, onProgress }: GenerateContext,
): Promise<readonly DecodeResult[]> {
	return caller.call({
		signal,
		span: "decoder.generate",
		attributes: { decoder: decoder.id, requests: requests.length },
		async work(limited) {
			const results = await decoder.generate(requests, { signal: limited, onProgress });
			caller.requireOneEach(results, requests);
			return results.map((result) => caller.redactedResult(result));
		},
	});
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
