/**
 * The encoders of a configuration by their ids.
 *
 * @module
 */
import { DeDiffusionError, type Inference } from "../../plugins/index.ts";
import { type Encoder, type EncoderInfo, openEncoder } from "./encoder.ts";

export interface Encoders {
	/** In the order of the configuration; the first one is the default. */
	list(): readonly EncoderInfo[];
	/**
	 * @param id Default: the first encoder.
	 * @throws DeDiffusionError `ENCODER_NOT_FOUND`.
	 */
	get(id?: string): Encoder;
	close(): Promise<void>;
}

/**
 * Opens all encoder folders.
 *
 * @param onBatch Told the size of each batch when it is run.
 * @throws DeDiffusionError `CONFIG_INVALID` if two share an id, `MODEL_INVALID`, `MODEL_VERSION_UNKNOWN`.
 */
export async function openEncoders(
	folders: readonly { readonly id: string; readonly folder: string }[],
	inference: Inference,
	onBatch?: (encoder: string, size: number) => void,
): Promise<Encoders> {
	const encoders = new Map<string, Encoder>();
	for (const { id, folder } of folders) {
		if (encoders.has(id)) {
			throw new DeDiffusionError("CONFIG_INVALID", `Two encoders have the id ${id}.`, { input: "encoders" });
		}
		encoders.set(id, await openEncoder(id, folder, inference, { onBatch: (size) => onBatch?.(id, size) }));
	}
	const [first] = encoders.keys();

	return {
		list: () => [...encoders.values()].map(({ info }) => info),
		get(id = first) {
			const encoder = id === undefined ? undefined : encoders.get(id);
			if (encoder === undefined) {
				throw new DeDiffusionError("ENCODER_NOT_FOUND", `There is no encoder ${id ?? "at all"}.`, {
					input: "encoder",
					advice: `Choose one of ${[...encoders.keys()].join(", ")}.`,
				});
			}
			return encoder;
		},
		async close() {
			await Promise.all([...encoders.values()].map((encoder) => encoder.close()));
		},
	};
}
