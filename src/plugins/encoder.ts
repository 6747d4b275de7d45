/**
 * The contract of an encoder: anything that turns pictures into text, such as a captioner.
 *
 * @module
 */
import type { AbortGranularity, Lane } from "./decoder.ts";
import type { CallLimits } from "./limits.ts";
import type { SourcePicture } from "./picture.ts";

/** A setting that a caller may give and an encoder may or may not honour. */
export type EncodeSettingName = "seed" | "length";

/** What an encoder can do, shown by the API. */
export interface EncoderCapabilities {
	/** Settings that are honoured. The host sees to `length` all the same: it cuts the text off. */
	readonly settings: readonly EncodeSettingName[];
	/** Whether equal requests give equal texts. */
	readonly deterministic: boolean;
	/** Most requests that one call of `encode` takes; the host splits what is more. */
	readonly maxBatch: number;
	/** Default `step`: within a request to a service. */
	readonly abort?: AbortGranularity;
	/** Most tokens that a text may have, or words where it tells of no tokens; undefined when unknown. */
	readonly maxTokens?: number;
}

/** One text wanted. */
export interface EncodeRequest {
	readonly picture: SourcePicture;
	/** Integer in [0, 2^31). Always 0 for encoders that honour no seeds, and where nobody asks for another. */
	readonly seed: number;
	/** How many tokens are wanted; given only to encoders that honour it. A text may have fewer; what is more is cut. */
	readonly length?: number;
}

/** Something that was asked for and not done, or done otherwise. Never silent, never fatal. */
export interface EncodeWarning {
	readonly type: "unsupported" | "adjusted" | "truncated" | "other";
	/** The setting concerned, where there is one. */
	readonly setting?: EncodeSettingName;
	/** For a person. */
	readonly message: string;
}

/** Part of a text, as the encoder counts them. */
export interface EncodedToken {
	/** Stands in the text, after the token before it. */
	readonly text: string;
	/** Number in the encoder's vocabulary. */
	readonly id?: number;
	/** The encoder's probability, from 0 to 1. */
	readonly score?: number;
	/** Where in the picture it looked: row by row from the top left; the weights sum to 1. */
	readonly attention?: { readonly width: number; readonly height: number; readonly weights: Float32Array };
}

/** A text, or the reason why the backend kept it back. */
export type EncodeResult =
	| {
			readonly status: "done";
			/** What it says of the picture. Never empty. */
			readonly text: string;
			/** The text token by token, if it knows; else the host counts words. */
			readonly tokens?: readonly EncodedToken[];
			readonly warnings: readonly EncodeWarning[];
	  }
	| { readonly status: "filtered"; readonly reason: string; readonly warnings: readonly EncodeWarning[] };

/** What the host gives to each call. */
export interface CallContext {
	/** Aborted when nobody waits any more, or the time is up. Stop at the next chance and throw `ABORTED`. */
	readonly signal: AbortSignal;
}

/** A model that says in words what a picture shows. */
export interface Encoder {
	/** Stable and unique among the encoders of one server; lower-case letters, digits, `-`, `_`, `.` and `/`. */
	readonly id: string;
	/** For people. */
	readonly name: string;
	readonly lane: Lane;
	readonly capabilities: EncoderCapabilities;
	/** What the host keeps to; a user's configuration overrules it. */
	readonly limits?: CallLimits;
	/**
	 * Writes a batch: one result for each request, in the same order. The host repeats it when it fails with an error that
	 * is `retryable`.
	 *
	 * @throws DeDiffusionError with a `BACKEND_*`, `INFERENCE_*`, `MODEL_*` or `ABORTED` code. It fails the whole batch.
	 */
	encode(requests: readonly EncodeRequest[], context: CallContext): Promise<readonly EncodeResult[]>;
	/** Resolves when the encoder could write now; throws a DeDiffusionError that says what is missing. */
	health?(signal: AbortSignal): Promise<void>;
	/** Releases everything. Called once, at shutdown, after the last `encode`. */
	close?(): Promise<void>;
}
