/**
 * Token ids of a prompt, for decoders to which they mean the same as to whoever wrote them.
 *
 * @module
 */
import { type DecodeRequest, type Decoder, type DecodeWarning, DeDiffusionError } from "../../plugins/index.ts";
import type { PictureText } from "../text/text.ts";

/** A text as token ids, without start and end. */
export interface PromptTokens {
	/** Whose ids they are: a name made by the SDK's `tokenizerId`. */
	readonly tokenizer: string;
	readonly ids: readonly number[];
}

/** More than any model takes. */
const mostIds = 1024;

/**
 * Checks ids without knowing their tokenizer.
 *
 * @throws DeDiffusionError `INPUT_INVALID` for none, too many, or something else than whole numbers from 0.
 */
export function checkTokens({ ids }: PromptTokens, input = "tokens"): void {
	const isId = (id: number) => Number.isSafeInteger(id) && id >= 0;
	if (ids.length >= 1 && ids.length <= mostIds && ids.every(isId)) {
		return;
	}
	throw new DeDiffusionError("INPUT_INVALID", "The token ids cannot be used.", {
		input: `${input}.ids`,
		advice: `Give 1 to ${mostIds} whole numbers from 0, or leave tokens out.`,
	});
}

/** The part of a request that ids make up; a decoder with another tokenizer draws the text, with a warning. */
export function tokenIdsFor(
	{ name, capabilities }: Decoder,
	tokens: PromptTokens | undefined,
): { request: Pick<DecodeRequest, "tokenIds">; warnings: readonly DecodeWarning[] } {
	if (tokens === undefined) {
		return { request: {}, warnings: [] };
	}
	if (capabilities.tokenizer === tokens.tokenizer) {
		return { request: { tokenIds: tokens.ids }, warnings: [] };
	}
	const message =
		capabilities.tokenizer === undefined
			? `${name} takes no token ids; it drew the text.`
			: `${name} has another tokenizer than the token ids; it drew the text.`;
	return { request: {}, warnings: [{ type: "unsupported", setting: "prompt", message }] };
}

/** The tokens of a text for a decoder to which they mean the same; for another one nothing, and no warning. */
export function tokensFor(
	{ capabilities }: Decoder,
	{ tokenizer, tokens }: Pick<PictureText, "tokenizer" | "tokens">,
): PromptTokens | undefined {
	const ids = tokens.flatMap(({ id }) => id ?? []);
	const sameIds = tokenizer !== undefined && tokenizer === capabilities.tokenizer && ids.length === tokens.length;
	return sameIds ? { tokenizer, ids } : undefined;
}
