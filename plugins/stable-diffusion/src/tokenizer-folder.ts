/**
 * The four files of a CLIP tokenizer.
 *
 * @module
 */
import { join } from "node:path";
import { readMerges } from "dediffusion/plugin";
import { z } from "zod";
import { invalid, read, readJson } from "./json-file.ts";
import { Tokenizer } from "./tokenizer.ts";

const specialToken = z.union([
	z.string().min(1),
	z.looseObject({ content: z.string().min(1) }).transform(({ content }) => content),
]);
const specialTokens = z.looseObject({
	bos_token: specialToken.optional(),
	eos_token: specialToken.optional(),
	unk_token: specialToken.optional(),
	pad_token: specialToken.optional(),
});
const tokenizerConfig = specialTokens.extend({ model_max_length: z.number().min(3).default(77) });
const vocabulary = z.record(z.string(), z.int().min(0));

/** The files by their names. */
export const tokenizerFiles = ["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"] as const;

/**
 * Reads the tokenizer of a pipeline folder.
 *
 * @param longest Positions that the text encoder has; a tokenizer that claims more is cut to them.
 * @throws DeDiffusionError `MODEL_INVALID` naming the file at fault.
 */
export async function readTokenizer(folder: string, longest: number): Promise<Tokenizer> {
	const [tokens, merges, config, map] = await Promise.all([
		readJson(join(folder, "vocab.json"), vocabulary),
		read(join(folder, "merges.txt")),
		readJson(join(folder, "tokenizer_config.json"), tokenizerConfig),
		readJson(join(folder, "special_tokens_map.json"), specialTokens),
	]);
	const end = config.eos_token ?? map.eos_token ?? "<|endoftext|>";
	try {
		return new Tokenizer({
			vocabulary: tokens,
			merges: readMerges(merges),
			bosToken: config.bos_token ?? map.bos_token ?? "<|startoftext|>",
			eosToken: end,
			unknownToken: config.unk_token ?? map.unk_token ?? end,
			padToken: config.pad_token ?? map.pad_token ?? end,
			maxLength: Math.floor(Math.min(config.model_max_length, longest)),
		});
	} catch (error) {
		throw invalid(join(folder, "vocab.json"), (error as Error).message, error);
	}
}
