/**
 * A decoder under test: calls it, keeps what went wrong, and never waits for ever.
 *
 * @module
 */
import type { DecodeProgress, DecodeRequest, DecodeResult, Decoder } from "../decoder.ts";
import type { ErrorCode } from "../error-codes.ts";
import { DeDiffusionError } from "../errors.ts";
import type { PixelImage } from "../image.ts";
import { Holdings } from "./holdings.ts";
import { pixelsOf } from "./picture.ts";

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
export interface Finding {
	readonly rule: RuleName;
	/** What it does, as the end of a sentence about it. */
	readonly message: string;
}

export interface CheckOptions {
	/** Plain words that the backend draws; no syntax of its own. Default `a red apple on a table`. */
	readonly prompt?: string;
	/** Used in every request, e.g. few steps and a small size, so that the check is quick. */
	readonly settings?: Partial<Omit<DecodeRequest, "prompt" | "seed">>;
	/** Largest mean difference in levels of 255 between a picture drawn alone and in a batch. Default 1. */
	readonly tolerance?: number;
	/** Longest time that one call may take, in milliseconds. Default 60,000. */
	readonly patienceMs?: number;
	/** Decoders that are made to fail, e.g. with a wrong key, and the code that each must fail with. */
	readonly failing?: readonly { readonly decoder: Decoder; readonly code: ErrorCode }[];
	/** How many things the decoder holds that `close` must release, e.g. open sessions. Looked at after `close`. */
	readonly leftovers?: () => number | Promise<number>;
	/** Rules that are not looked at; say why beside it. */
	readonly skip?: readonly RuleName[];
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

export class Probe {
	readonly decoder: Decoder;
	readonly options: CheckOptions;
	readonly findings: Finding[] = [];
	readonly holdings = new Holdings();

	constructor(decoder: Decoder, options: CheckOptions) {
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

	find(rule: RuleName, message: string): void {
		if (!this.findings.some((known) => known.rule === rule && known.message === message)) {
			this.findings.push({ rule, message });
		}
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

	/** Waits for a call of the decoder, but not for ever. */
	async call<Result>(action: () => Promise<Result>): Promise<Result> {
		const { patienceMs = 60_000 } = this.options;
		const { promise: tooLong, reject } = Promise.withResolvers<never>();
		const timer = setTimeout(() => reject(new Unsettled(`does not settle within ${patienceMs} ms`)), patienceMs);
		try {
			return await Promise.race([this.holdings.during(action), tooLong]);
		} catch (error) {
			if (!DeDiffusionError.is(error) && !(error instanceof Unsettled)) {
				this.find("errors", `throws ${nameOf(error)} instead of a DeDiffusionError: ${messageOf(error)}`);
			}
			throw error;
		} finally {
			clearTimeout(timer);
		}
	}
}

/** A call that neither succeeds nor fails. */
export class Unsettled extends Error {
	override readonly name = "Unsettled";
}

export function nameOf(error: unknown): string {
	return error instanceof Error ? error.name : `the ${typeof error}`;
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** The code that a rejection carries; undefined for one without. */
export function codeOf(error: unknown): ErrorCode | undefined {
	return DeDiffusionError.is(error) ? error.code : undefined;
}
