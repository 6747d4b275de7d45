/**
 * An encoder under test.
 *
 * @module
 */
import type { EncodeRequest, EncodeResult, Encoder } from "../../encoder.ts";
import type { ErrorCode } from "../../error-codes.ts";
import type { SourcePicture } from "../../picture.ts";
import { type CallOptions, CallProbe, type SharedRuleName } from "../call-probe.ts";

/** What the contract asks for; the meaning of each is in `encoderRules`. */
export type EncoderRuleName =
	| "writes"
	| SharedRuleName
	| "capabilities"
	| "result"
	| "sight"
	| "determinism"
	| "seed"
	| "length"
	| "batch"
	| "independence";

export interface EncoderCheckOptions extends CallOptions<EncoderRuleName> {
	/** Two pictures of which the encoder says different things. Default: a red disc, and blue stripes. */
	readonly pictures?: readonly [SourcePicture, SourcePicture];
	/** Encoders that are made to fail, e.g. with a wrong key, and the code that each must fail with. */
	readonly failing?: readonly { readonly encoder: Encoder; readonly code: ErrorCode }[];
}

export type Written = Extract<EncodeResult, { status: "done" }>;

export class EncoderProbe extends CallProbe<EncoderRuleName> {
	readonly encoder: Encoder;
	readonly options: EncoderCheckOptions;
	readonly pictures: readonly [SourcePicture, SourcePicture];

	constructor(encoder: Encoder, options: EncoderCheckOptions, pictures: EncoderProbe["pictures"]) {
		super(encoder, options);
		this.encoder = encoder;
		this.options = options;
		this.pictures = pictures;
	}

	/** A request like all others but for what is given. */
	request(changes: Partial<EncodeRequest> = {}): EncodeRequest {
		return { picture: this.pictures[0], seed: 0, ...changes };
	}

	async write(
		requests: readonly EncodeRequest[],
		signal: AbortSignal = new AbortController().signal,
	): Promise<readonly EncodeResult[]> {
		return this.call(() => this.encoder.encode(requests, { signal }));
	}

	/** What it writes alone. @throws What the encoder throws, or an error for its author if there is no text. */
	async writeOne(changes: Partial<EncodeRequest> = {}): Promise<Written> {
		const results = await this.write([this.request(changes)]);
		if (results.length !== 1) {
			throw new Error(`gives ${results.length} results for one request`);
		}
		return written(results[0]);
	}
}

/** @throws Error For the encoder's author, if there is no text. */
export function written(result: EncodeResult | undefined): Written {
	if (result === undefined) {
		throw new Error("gives no result");
	}
	if (result.status === "filtered") {
		throw new Error(
			`keeps back what it says of the check's picture (${result.reason}); give others as options.pictures`,
		);
	}
	if (typeof result.text !== "string" || result.text.trim() === "") {
		throw new Error("writes an empty text");
	}
	return result;
}

/** The tokens of a text, or its words where there are none. */
export function tokensOf({ text, tokens }: Written): readonly string[] {
	return tokens?.map((token) => token.text) ?? text.trim().split(/\s+/);
}
