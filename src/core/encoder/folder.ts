/**
 * An encoder's folder: what its files say before a weight is loaded.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { z } from "zod";
import { checkModelJson, colourSchema, positiveColourSchema, readModelJson, requireVersion } from "../model-json.ts";
import { readTokenizerId, readVocabulary, type Vocabulary } from "../text/vocabulary.ts";

/** The format versions this release reads; docs/architecture.md describes them. */
const knownVersions: readonly number[] = [1];

const versionSchema = z.object({ format: z.literal("dediffusion-encoder"), formatVersion: z.int() });

const configSchema = z.object({
	name: z.string().min(1),
	/** Pixels on each side. */
	imageSize: z.int().min(8).max(4096),
	/** Of RGB in [0, 1]. */
	mean: colourSchema,
	std: positiveColourSchema,
	/** How many tokens the model gives. */
	tokens: z.int().min(1).max(1024),
	/** Rows and columns of the attention map. */
	attention: z.tuple([z.int().min(1), z.int().min(1)]),
	/** Folder of the tokenizer, inside this one. */
	tokenizer: z.string().min(1),
	/** Id of the decoder that it was trained through. */
	decoder: z.string().min(1),
});

export type EncoderConfig = z.infer<typeof configSchema>;

export interface EncoderFolder {
	readonly config: EncoderConfig;
	readonly vocabulary: Vocabulary;
	/** Whose ids its tokens have; undefined where the folder does not say enough. */
	readonly tokenizer: string | undefined;
	/** Absolute path of the graph. */
	readonly model: string;
}

/** @throws DeDiffusionError `MODEL_INVALID`, naming the file, or `MODEL_VERSION_UNKNOWN`. */
export async function readEncoderFolder(folder: string): Promise<EncoderFolder> {
	const path = join(resolve(folder), "config.json");
	const json = await readModelJson(path);
	requireVersion(checkModelJson(versionSchema, json, path).formatVersion, knownVersions, path);
	const config = checkModelJson(configSchema, json, path);
	const vocabulary = await readVocabulary(join(resolve(folder), config.tokenizer, "vocab.json"));
	const tokenizer = await readTokenizerId(join(resolve(folder), config.tokenizer));
	return { config, vocabulary, tokenizer, model: join(resolve(folder), "model.onnx") };
}
