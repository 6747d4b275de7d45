/**
 * A decoder under test: calls it, keeps what went wrong, and never waits for ever.
 *
 * @module
 */
import type { DecodeProgress, DecodeRequest, DecodeResult, Decoder } from "../decoder.ts";
import type { ErrorCode } from "../error-codes.ts";
import type { PixelImage } from "../image.ts";
import { type Finding as AnyFinding, type CallOptions, CallProbe } from "./call-probe.ts";
import { pixelsOf } from "./picture.ts";

export { codeOf, messageOf, nameOf, Unsettled } from "./call-probe.ts";

/** What the contract asks for; the meaning of each is in `rules`. */
export type RuleName =
	| "draws"
	| "description"
	| "capabilities"
	| "result"
	| "progress"
	| "prompt"
	| "truncation"
	| "determinism"
	| "seed"
	| "settings"
	| "undeclared"
	| "batch"
	| "independence"
	| "abort"
	| "health"
	| "errors"
	| "rejections"
	| "close";

/** Something that the decoder does otherwise than the contract says. */
export type Finding = AnyFinding<RuleName>;

export interface CheckOptions extends CallOptions<RuleName> {
	/** Plain words that the backend draws; no syntax of its own. Default `a red apple on a table`. */
	readonly prompt?: string;
	/** Used in every request, e.g. few steps and a small size, so that the check is quick. */
	readonly settings?: Partial<Omit<DecodeRequest, "prompt" | "seed">>;
	/** Largest mean difference in levels of 255 between a picture drawn alone and in a batch. Default 1. */
	readonly tolerance?: number;
	/** Decoders that are made to fail, e.g. with a wrong key, and the code that each must fail with. */
	readonly failing?: readonly { readonly decoder: Decoder; readonly code: ErrorCode }[];
}

export interface Call {
	readonly signal?: AbortSignal;
	readonly onProgress?: (progress: DecodeProgress) => void;
}

/** What the check asks for first, and what it got. */
export interface Baseline {
	readonly result: DecodeResult;
	readonly pixels: PixelImage;
	readonly progress: readonly DecodeProgress[];
}

export const firstSeed = 1;
export const otherSeed = 2_000_000_011;

export class Probe extends CallProbe<RuleName> {
	readonly decoder: Decoder;
	readonly options: CheckOptions;

	constructor(decoder: Decoder, options: CheckOptions) {
		super(decoder, options);
		this.decoder = decoder;
		this.options = options;
	}

	get capabilities(): Decoder["capabilities"] {
		return this.decoder.capabilities;
	}

	/** A request like all others but for what is given. */
	request(changes: Partial<DecodeRequest> = {}): DecodeRequest {
		const { prompt = "a red apple on a table", settings } = this.options;
		return { prompt, seed: firstSeed, ...settings, ...changes };
	}

	/** @throws What the decoder throws; an error without a code is a finding too. */
	async draw(
		requests: readonly DecodeRequest[],
		{ signal = new AbortController().signal, onProgress = () => undefined }: Call = {},
	): Promise<readonly DecodeResult[]> {
		return this.call(() => this.decoder.generate(requests, { signal, onProgress }));
	}

	/** The pixels of one picture. @throws What the decoder throws, or an error for its author if there is no picture. */
	async drawOne(changes: Partial<DecodeRequest> = {}): Promise<{ result: DecodeResult; pixels: PixelImage }> {
		const [result] = await this.draw([this.request(changes)]);
		return { result: result as DecodeResult, pixels: await this.pixels(result) };
	}

	async pixels(result: DecodeResult | undefined): Promise<PixelImage> {
		if (result === undefined) {
			throw new Error("gives no result");
		}
		if (result.status === "filtered") {
			throw new Error(`filters the prompt of the check (${result.reason}); give another one as options.prompt`);
		}
		return pixelsOf(result.image);
	}
}
