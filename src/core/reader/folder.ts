/**
 * A reader's folder: what its files say before a weight is loaded.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { z } from "zod";
import { checkModelJson, colourSchema, positiveColourSchema, readModelJson, requireVersion } from "../model-json.ts";

/** The format versions this release reads. */
const knownVersions: readonly number[] = [1];

const versionSchema = z.object({ kind: z.literal("scene-reader"), formatVersion: z.int() });

const words = z.array(z.string().min(1)).min(1);

const configSchema = z
	.object({
		/** Pixels on each side. */
		imageSize: z.int().min(8).max(4096),
		/** Of RGB in [0, 1]. */
		mean: colourSchema,
		std: positiveColourSchema,
		/** What each logit stands for. */
		words,
		/** Those of the words that name things. */
		things: words,
		/** Those of the words that name background colours. */
		colours: words,
	})
	.refine(({ words, things, colours }) => [...things, ...colours].every((word) => words.includes(word)), {
		error: "things and colours must be among words",
	});

export type ReaderConfig = z.infer<typeof configSchema>;

export interface ReaderFolder {
	readonly config: ReaderConfig;
	/** Absolute path of the graph. */
	readonly model: string;
}

/** @throws DeDiffusionError `MODEL_INVALID`, naming the file, or `MODEL_VERSION_UNKNOWN`. */
export async function readReaderFolder(folder: string): Promise<ReaderFolder> {
	const path = join(resolve(folder), "config.json");
	const json = await readModelJson(path);
	requireVersion(checkModelJson(versionSchema, json, path).formatVersion, knownVersions, path);
	return { config: checkModelJson(configSchema, json, path), model: join(resolve(folder), "model.onnx") };
}
