/**
 * The encoders of a configuration and its plugins, by their ids.
 *
 * @module
 */
import { DeDiffusionError, type EncoderEntry, type Inference } from "../../plugins/index.ts";
import type { Plugged } from "../calling/plugins.ts";
import type { ModelPaths } from "../model-paths.ts";
import { type Encoder, type EncoderInfo, openEncoder } from "./encoder.ts";
import { hostEncoder } from "./plugin-encoder.ts";

export interface Encoders {
	/** In the order of the configuration, then of the plugins; the first one is the default. */
	list(): readonly EncoderInfo[];
	/**
	 * @param id Default: the first encoder.
	 * @param input Names the argument in errors. Default `encoder`.
	 * @throws DeDiffusionError `ENCODER_NOT_FOUND`.
	 */
	get(id?: string, input?: string): Encoder;
	close(): Promise<void>;
}

export interface EncodersOptions {
	/** What plugins gave. Default: nothing. */
	readonly plugged?: Pick<Plugged, "encoders" | "calling"> | undefined;
	/** Told the size of each batch when it is run. */
	readonly onBatch?: ((encoder: string, size: number) => void) | undefined;
}

/** The encoder, whose errors name its files as clients may know them. */
function withoutPaths(encoder: Encoder, paths: ModelPaths): Encoder {
	return {
		...encoder,
		encode: (picture, options) => encoder.encode(picture, options).catch((error) => Promise.reject(paths.error(error))),
	};
}

/**
 * Opens the encoders that a configuration lists, then those that plugins give beside them.
 *
 * @throws DeDiffusionError `CONFIG_INVALID` if two share an id or one has no folder and no plugin, `MODEL_INVALID`,
 * `MODEL_VERSION_UNKNOWN`.
 */
export async function openEncoders(
	entries: readonly EncoderEntry[],
	inference: Inference,
	{ plugged, onBatch }: EncodersOptions = {},
): Promise<Encoders> {
	const given = new Map(plugged?.encoders.map((encoder) => [encoder.id, encoder]));
	const listed = entries.map(({ id }) => id);
	const unlisted = [...given.keys()].filter((id) => !listed.includes(id)).map((id): EncoderEntry => ({ id }));
	const encoders = new Map<string, Encoder>();

	async function open(entry: EncoderEntry): Promise<Encoder> {
		const { id } = entry;
		const watch = (size: number) => onBatch?.(id, size);
		const encoder = given.get(id);
		if (encoders.has(id) || ("folder" in entry && encoder !== undefined)) {
			throw new DeDiffusionError("CONFIG_INVALID", `Two encoders have the id ${id}.`, { input: "encoders" });
		}
		if ("folder" in entry) {
			const opened = await openEncoder(id, entry.folder, inference, { onBatch: watch });
			plugged?.calling.paths.add(id, entry.folder);
			return plugged === undefined ? opened : withoutPaths(opened, plugged.calling.paths);
		}
		if (encoder === undefined || plugged === undefined) {
			throw new DeDiffusionError("CONFIG_INVALID", `No plugin gives an encoder ${id}.`, {
				input: "encoders",
				advice: "Give its folder, or list its plugin under plugins.",
			});
		}
		const { id: _, ...limits } = entry;
		return hostEncoder(encoder, limits, plugged.calling, watch);
	}

	try {
		for (const entry of [...entries, ...unlisted]) {
			encoders.set(entry.id, await open(entry));
		}
	} catch (error) {
		await closeAll();
		throw error;
	}
	const [first] = encoders.keys();

	async function closeAll(): Promise<void> {
		await Promise.all([...encoders.values()].map((encoder) => encoder.close()));
	}

	return {
		list: () => [...encoders.values()].map(({ info }) => info),
		get(id = first, input = "encoder") {
			const encoder = id === undefined ? undefined : encoders.get(id);
			if (encoder === undefined) {
				throw new DeDiffusionError("ENCODER_NOT_FOUND", `There is no encoder ${id ?? "at all"}.`, {
					input,
					advice: `Choose one of ${[...encoders.keys()].join(", ")}.`,
				});
			}
			return encoder;
		},
		close: closeAll,
	};
}
