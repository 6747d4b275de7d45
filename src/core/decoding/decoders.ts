/**
 * The decoders of all plugins behind one door.
 *
 * @module
 */
import {
	apiVersion,
	type Config,
	type DecodeProgress,
	type Decoder,
	type DecodeWarning,
	DeDiffusionError,
	type Plugin,
	type PluginHost,
} from "../../plugins/index.ts";
import { createConnections } from "../../plugins/network/connections.ts";
import { untraced } from "../../plugins/tracing.ts";
import { pictureFrom } from "../picture/drawn.ts";
import type { Picture } from "../picture/picture.ts";
import { Caller, type Limits } from "./caller.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Lanes } from "./lanes.ts";
import { type Queue, queueOf } from "./queue.ts";
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

/** What plugins are lent beside what this room adds. */
export type Lent = Pick<PluginHost, "inference" | "log">;

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
	readonly queue: Queue;
}

/**
 * Sets up the plugins' decoders.
 *
 * @throws DeDiffusionError `CONFIG_INVALID` if two decoders share an id, a plugin speaks another version of the contract or
 * limits name no decoder; and what a plugin's setup throws.
 */
export async function createDecoders(
	plugins: readonly Plugin[],
	lent: Lent,
	options: DecodersOptions,
): Promise<Decoders> {
	const { textLength, decoders: limits = {}, network, trace = untraced, clock = systemClock } = options;
	const connections = createConnections({ ...network, trace });
	const { connect, connectSocket, redaction } = connections;
	const log: Lent["log"] = (level, message) => lent.log(level, redaction.text(message));
	const host: PluginHost = { inference: lent.inference, connect, connectSocket, log, trace };
	const callerOptions = { lanes: new Lanes(), clock, trace, redaction, log };

	const entries = new Map<string, Entry>();
	const closeAll = async () => {
		await Promise.all([...entries.values()].map(({ decoder }) => decoder.close?.()));
		await connections.close();
	};
	try {
		for (const plugin of plugins) {
			for (const decoder of await decodersOf(plugin, host)) {
				if (entries.has(decoder.id)) {
					throw wrongPlugin(plugin, `Two decoders have the id ${decoder.id}.`);
				}
				const caller = new Caller(decoder, limits[decoder.id], callerOptions);
				entries.set(decoder.id, { decoder, caller, queue: queueOf(decoder, caller) });
			}
		}
		checkLimits(limits, entries);
	} catch (error) {
		await closeAll();
		throw error instanceof Error ? redaction.error(error) : error;
	}

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
		close: closeAll,
	};
}

async function decodersOf(plugin: Plugin, host: PluginHost): Promise<readonly Decoder[]> {
	if (plugin.apiVersion !== apiVersion) {
		throw wrongPlugin(plugin, `Plugin ${plugin.name} speaks version ${plugin.apiVersion} of the plugin contract.`, {
			advice: `This release speaks version ${apiVersion}: install a release of the plugin that was made for it.`,
		});
	}
	return plugin.setup(host);
}

function checkLimits(limits: NonNullable<Config["decoders"]>, entries: ReadonlyMap<string, Entry>): void {
	const unknown = Object.keys(limits).find((id) => !entries.has(id));
	if (unknown !== undefined) {
		throw new DeDiffusionError("CONFIG_INVALID", `The configuration limits a decoder ${unknown} that is not there.`, {
			input: `decoders.${unknown}`,
			advice: `Name one of ${[...entries.keys()].join(", ")}.`,
		});
	}
}

function wrongPlugin({ name }: Plugin, message: string, options: { advice?: string } = {}): DeDiffusionError {
	return new DeDiffusionError("CONFIG_INVALID", message, { input: name, ...options });
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
