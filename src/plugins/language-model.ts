/**
 * The contract of a language model: messages in, text out. It reasons over De-Diffusion text, and never sees a picture.
 *
 * @module
 */
import type { AbortGranularity, Lane } from "./decoder.ts";
import type { CallContext } from "./encoder.ts";
import type { CallLimits } from "./limits.ts";

/** One turn of a conversation. */
export interface Message {
	readonly role: "system" | "user" | "assistant";
	/** Never empty. */
	readonly text: string;
}

/** A setting that the host may give and a language model may or may not honour. */
export type TextSettingName = "seed" | "temperature" | "maxTokens";

/** What a language model can do, shown by the API. */
export interface LanguageModelCapabilities {
	/** Settings that are honoured. The host gives no other. */
	readonly settings: readonly TextSettingName[];
	/** Whether equal requests give equal texts at temperature 0. */
	readonly deterministic: boolean;
	/** Default `step`: within a request to a service. */
	readonly abort?: AbortGranularity;
	/** Most tokens of all messages together; undefined when unknown. */
	readonly maxInputTokens?: number;
}

/** One text wanted. */
export interface TextRequest {
	/** A system message may be the first; the last is a user's. */
	readonly messages: readonly Message[];
	/** Integer in [0, 2^31). */
	readonly seed?: number;
	/** From 0, which always takes the likeliest token, to 2. */
	readonly temperature?: number;
	/** Most tokens of the text; at least 1. */
	readonly maxTokens?: number;
}

/** Something that was asked for and not done, or done otherwise. Never silent, never fatal. */
export interface TextWarning {
	readonly type: "unsupported" | "adjusted" | "truncated" | "other";
	/** The setting concerned, where there is one. */
	readonly setting?: TextSettingName;
	/** For a person. */
	readonly message: string;
}

/** A text, or the reason why the backend kept it back. */
export type TextResult =
	| {
			readonly status: "done";
			/** Never empty. */
			readonly text: string;
			/** Why it ends: it is complete, or `maxTokens` was reached. */
			readonly finishReason: "stop" | "length";
			/** Tokens that were read and written, where the backend counts them. */
			readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
			readonly warnings: readonly TextWarning[];
	  }
	| { readonly status: "filtered"; readonly reason: string; readonly warnings: readonly TextWarning[] };

/** A model that continues conversations. */
export interface LanguageModel {
	/** Stable and unique among the language models of one server; lower-case letters, digits, `-`, `_`, `.` and `/`. */
	readonly id: string;
	/** For people. */
	readonly name: string;
	readonly lane: Lane;
	readonly capabilities: LanguageModelCapabilities;
	/** What the host keeps to; a user's configuration overrules it. */
	readonly limits?: CallLimits;
	/**
	 * Writes what the assistant says next. The host repeats it when it fails with an error that is `retryable`.
	 *
	 * @throws DeDiffusionError with a `BACKEND_*`, `INFERENCE_*`, `MODEL_*` or `ABORTED` code.
	 */
	generate(request: TextRequest, context: CallContext): Promise<TextResult>;
	/** Resolves when it could write now; throws a DeDiffusionError that says what is missing. */
	health?(signal: AbortSignal): Promise<void>;
	/** Releases everything. Called once, at shutdown, after the last `generate`. */
	close?(): Promise<void>;
}
