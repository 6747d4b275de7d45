/**
 * The contract of a decoder: anything that turns text into pictures.
 *
 * @module
 */
import type { Connect } from "./http.ts";
import type { DecodedImage, PixelImage } from "./image.ts";
import type { Inference } from "./inference.ts";
import type { DecoderLimits } from "./limits.ts";
import type { ConnectSocket } from "./socket.ts";
import type { Trace } from "./tracing.ts";

/** Where a decoder's work happens. Decoders of one local lane take turns; network decoders run beside everything. */
export type Lane = "gpu" | "cpu" | "network";

/** A setting that a caller may give and a decoder may or may not honour. */
export type SettingName =
	| "seed"
	| "steps"
	| "guidanceScale"
	| "negativePrompt"
	| "width"
	| "height"
	| "scheduler"
	| "initialImage";

/**
 * How soon a decoder stops once its signal is aborted: within a step of the picture that it draws (or within a request
 * to a service), when that picture is finished, or not before the whole batch is.
 */
export type AbortGranularity = "step" | "picture" | "batch";

/** What a decoder can do, shown by the API so that frontends can draw the right controls. */
export interface DecoderCapabilities {
	/** Settings that are honoured; any other one given is answered with a warning. */
	readonly settings: readonly SettingName[];
	/** Why a setting is not honoured, in a sentence for people, where somebody could change that; part of the warning. */
	readonly reasons?: Partial<Readonly<Record<SettingName, string>>>;
	/** Whether equal requests give equal pictures. */
	readonly deterministic: boolean;
	/** Most requests that one call of `generate` takes; the host splits what is more. */
	readonly maxBatch: number;
	/**
	 * What one call of `generate` may hold: any requests, or only such that agree in everything but the seed, as services
	 * want it that draw several pictures of one prompt. Default `mixed`.
	 */
	readonly batches?: "mixed" | "alike";
	/** Default `step`. */
	readonly abort?: AbortGranularity;
	/** Scheduler names that a request may ask for; empty when it is not a choice. */
	readonly schedulers: readonly string[];
	/** Picture sizes in pixels, and the step between them. */
	readonly size: { readonly min: number; readonly max: number; readonly multipleOf: number };
	/** Most tokens of text that reach the model; undefined when unknown. */
	readonly maxPromptTokens?: number;
	/** The tokenizer whose ids it takes as a prompt, as `tokenizerId` names it; undefined when it takes text alone. */
	readonly tokenizer?: string;
	/** Whether the backend may change the text before it draws. */
	readonly rewritesPrompt: boolean;
	/** What is used where a request is silent. */
	readonly defaults: {
		readonly steps?: number;
		readonly guidanceScale?: number;
		readonly width: number;
		readonly height: number;
		readonly scheduler?: string;
	};
}

/** A picture to start from, and how far to go from it: image-to-image. */
export interface InitialImage {
	/** As large as the picture to draw: the host cuts and resizes whatever it was given. */
	readonly image: PixelImage;
	/** The share of the steps that is made, above 0 and up to 1: a small one keeps the picture, 1 starts from as good as noise. */
	readonly strength: number;
}

/** One picture wanted. */
export interface DecodeRequest {
	/** The text, as De-Diffusion or a person wrote it. Never empty. */
	readonly prompt: string;
	/**
	 * The prompt in ids of the tokenizer that the capabilities name, without start and end: to be used instead of the text,
	 * because a text need not come apart into the tokens that it was made of. Never empty.
	 */
	readonly tokenIds?: readonly number[];
	/** What the picture should not show; undefined is not the same as empty where the model distinguishes them. */
	readonly negativePrompt?: string;
	/** Integer in [0, 2^32). Equal seeds give equal pictures where the capabilities say so. */
	readonly seed: number;
	/** Denoising steps, 1 to 1000. */
	readonly steps?: number;
	/** Classifier-free guidance scale, 0 to 50; 1 means none. */
	readonly guidanceScale?: number;
	/** Pixels. */
	readonly width?: number;
	/** Pixels. */
	readonly height?: number;
	readonly scheduler?: string;
	/** What to start from instead of noise alone. */
	readonly initialImage?: InitialImage;
	/**
	 * The noise to start from, or to add to {@link initialImage}, instead of the seed's: shape [channels, height / 8, width / 8]
	 * or the model's own ratio.
	 */
	readonly initialLatents?: Float32Array;
}

/** Something that was asked for and not done, or done otherwise. Never silent, never fatal. */
export interface DecodeWarning {
	readonly type: "unsupported" | "adjusted" | "truncated" | "other";
	/** The setting concerned, where there is one. */
	readonly setting?: SettingName | "prompt";
	/** For a person. */
	readonly message: string;
}

interface DecodeResultBase {
	readonly seed: number;
	/** The text that the model really saw, after cuts, neutralised syntax or a backend's rewriting. */
	readonly effectivePrompt: string;
	readonly warnings: readonly DecodeWarning[];
}

/** A picture, or the reason why the backend kept it back. */
export type DecodeResult =
	| (DecodeResultBase & { readonly status: "done"; readonly image: DecodedImage })
	| (DecodeResultBase & { readonly status: "filtered"; readonly reason: string });

/** How far one request of a batch has come. */
export interface DecodeProgress {
	/** Index into the batch; undefined when it concerns all of it. */
	readonly request?: number;
	/** From 0 to 1. */
	readonly fraction: number;
	/** What is happening, e.g. "step 3 of 25". */
	readonly message?: string;
	/** The picture as it looks now. */
	readonly preview?: DecodedImage;
}

/** What the host gives to each call. */
export interface GenerateContext {
	/** Aborted when nobody waits any more. Stop at the next chance and throw `ABORTED`. */
	readonly signal: AbortSignal;
	readonly onProgress: (progress: DecodeProgress) => void;
}

/** What a decoder that runs on this machine is made of, for lists of models. */
export interface LocalModel {
	/** The kind of model, for people, e.g. "Stable Diffusion". */
	readonly family: string;
	/** Absolute path of the folder with its files. */
	readonly folder: string;
}

/** A text-to-image model behind one door. */
export interface Decoder {
	/** Stable and unique in one server, e.g. `scenes-a`; lower-case letters, digits, `-`, `_`, `.` and `/`. */
	readonly id: string;
	/** For people. */
	readonly name: string;
	readonly lane: Lane;
	readonly capabilities: DecoderCapabilities;
	/** Where its files are; undefined where they are not on this machine. */
	readonly model?: LocalModel;
	/** What the host keeps to; a user's configuration overrules it. */
	readonly limits?: DecoderLimits;
	/**
	 * Draws a batch: one result for each request, in the same order. The host repeats it when it fails with an error that
	 * is `retryable`, so it need not try again itself.
	 *
	 * @throws DeDiffusionError with a `BACKEND_*`, `INFERENCE_*`, `MODEL_*` or `ABORTED` code. It fails the whole batch.
	 */
	generate(requests: readonly DecodeRequest[], context: GenerateContext): Promise<readonly DecodeResult[]>;
	/** Resolves when the decoder could draw now; throws a DeDiffusionError that says what is missing. */
	health?(signal: AbortSignal): Promise<void>;
	/** Releases everything. Called once, at shutdown, after the last `generate`. What {@link PluginHost} opened, the host closes. */
	close?(): Promise<void>;
}

/** What the host lends to a plugin while it sets up its decoders. */
export interface PluginHost {
	/** Absolute; what paths in a plugin's options are relative to: the folder of the configuration file, or the working folder. */
	readonly folder: string;
	readonly inference: Inference;
	/** Reaches services: see {@link Connect}. */
	readonly connect: Connect;
	/** The same for WebSockets: see {@link ConnectSocket}. */
	readonly connectSocket: ConnectSocket;
	/** For the server's log. Secrets that {@link connect} was told are blotted out. */
	readonly log: (level: "info" | "warn" | "error", message: string) => void;
	/** For work that is worth its own span in a trace; the host traces `generate` and each request of {@link connect}. */
	readonly trace: Trace;
}
