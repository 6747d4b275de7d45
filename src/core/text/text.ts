/**
 * De-Diffusion text: the latent that people can read.
 *
 * @module
 */
import { DeDiffusionError, type EncodeWarning } from "../../plugins/index.ts";

/** Where in the picture a token looked. */
export interface AttentionMap {
	/** Columns. */
	readonly width: number;
	/** Rows. */
	readonly height: number;
	/** Row by row from the top left; they sum to 1. */
	readonly weights: Float32Array;
}

/** A token of any encoder: one that only captions knows no more of it than its text. */
export interface PictureToken {
	/** Number in the encoder's vocabulary. */
	readonly id?: number;
	/** As a person reads it, without surrounding spaces. */
	readonly text: string;
	/** The encoder's probability, from 0 to 1. */
	readonly score?: number;
	readonly attention?: AttentionMap;
}

/** What any encoder says of a picture. */
export interface PictureText {
	/** The whole text, as any text-to-image model takes it. */
	readonly text: string;
	readonly tokens: readonly PictureToken[];
	/** Id of the encoder. */
	readonly encoder: string;
	/** Whose ids the tokens have, as the SDK's `tokenizerId` names it; undefined where that is not known. */
	readonly tokenizer?: string | undefined;
	/** The text of the first tokens, from 1 to all of them. */
	readonly head: (length: number) => string;
	/** What was asked of the encoder and not done. */
	readonly warnings: readonly EncodeWarning[];
}

export type TextToken = Required<PictureToken>;

/** What a De-Diffusion encoder says of a picture. */
export interface DeDiffusionText extends PictureText {
	readonly tokens: readonly TextToken[];
	/** Turns token ids into the string that a decoder takes, in the encoder's vocabulary. */
	readonly join: (ids: readonly number[]) => string;
}

/**
 * Checks how many tokens are asked for.
 *
 * @throws DeDiffusionError `INPUT_INVALID` unless it is a whole number from 1 to `available`.
 */
export function checkLength(length: number, available: number): void {
	if (!Number.isInteger(length) || length < 1 || length > available) {
		throw new DeDiffusionError("INPUT_INVALID", `The length ${length} is not between 1 and ${available}.`, {
			input: "length",
			advice: `Ask for 1 to ${available} tokens, or leave the length out for all of them.`,
		});
	}
}

/**
 * The first tokens of a text: every prefix is a text of its own.
 *
 * @throws DeDiffusionError `INPUT_INVALID` unless `length` is from 1 to the number of tokens.
 */
export function prefix<Text extends PictureText>(text: Text, length: number): Text {
	checkLength(length, text.tokens.length);
	return { ...text, tokens: text.tokens.slice(0, length), text: text.head(length) };
}
