/**
 * A decoder as an image model of the AI SDK.
 *
 * @module
 */
import {
	APICallError,
	type ImageModelV2,
	type ImageModelV2CallOptions,
	type ImageModelV2CallWarning,
	type ImageModelV3,
	type ImageModelV3CallOptions,
	type ImageModelV4,
	type ImageModelV4CallOptions,
	type SharedV3Warning,
	type SharedV4Warning,
} from "@ai-sdk/provider";
import { type DecodeRequest, type DecodeResult, type Decoder, DeDiffusionError, errorCodes } from "dediffusion/plugin";
import { type Asked, requestsFor } from "./call.ts";
import { fileOf } from "./picture.ts";
import { inVersion2, toAiSdkWarning } from "./warnings.ts";

type Version = "v2" | "v3" | "v4";

export interface ToAiSdkOptions<Chosen extends Version = Version> {
	/** Default `v4`, for version 7 of the package `ai`; its version 6 takes `v3`, its version 5 takes `v2`. */
	readonly specificationVersion?: Chosen;
}

/** What is told of the pictures beside them. */
export type DecoderMetadata = {
	dediffusion: {
		/** In the order of the pictures. */
		images: { seed: number; effectivePrompt: string }[];
		/** Those that the backend kept back. */
		filtered: { seed: number; reason: string }[];
	};
};

/**
 * The result in words of its own rather than the AI SDK's: its versions disagree on the type of JSON, and each of them
 * takes this one.
 */
interface DecoderResult<Warning> {
	images: Uint8Array[];
	isRetryable?: boolean;
	warnings: Warning[];
	providerMetadata: DecoderMetadata;
	response: { timestamp: Date; modelId: string; headers: undefined };
}

type Drawing<Model extends { doGenerate: unknown }, Call, Warning> = Omit<Model, "doGenerate"> & {
	doGenerate(call: Call): Promise<DecoderResult<Warning>>;
};

/** A decoder as a model of each version. */
export interface DecoderModels {
	v2: Drawing<ImageModelV2, ImageModelV2CallOptions, ImageModelV2CallWarning>;
	v3: Drawing<ImageModelV3, ImageModelV3CallOptions, SharedV3Warning>;
	v4: Drawing<ImageModelV4, ImageModelV4CallOptions, SharedV4Warning>;
}

/**
 * A decoder as an image model that `generateImage` draws with. What the AI SDK has no word for stands in
 * `providerOptions.dediffusion`: `steps`, `guidanceScale`, `negativePrompt` and `scheduler`. What the decoder does not
 * take becomes a warning. Several pictures have seeds that follow each other; each one's seed and text are in
 * `providerMetadata.dediffusion`. A filtered picture is left out, with its reason as a warning.
 *
 * No host stands around the decoder: the AI SDK repeats what failed for a passing reason, and nothing blots secrets out.
 *
 * @example
 * const { images } = await generateImage({ model: toAiSdk(decoder), prompt: "a heart", n: 4, seed: 1 });
 */
export function toAiSdk(decoder: Decoder, options?: ToAiSdkOptions<"v4">): DecoderModels["v4"];
export function toAiSdk<Chosen extends Version>(
	decoder: Decoder,
	options: Required<ToAiSdkOptions<Chosen>>,
): DecoderModels[Chosen];
export function toAiSdk(
	decoder: Decoder,
	{ specificationVersion = "v4" }: ToAiSdkOptions = {},
): DecoderModels[Version] {
	const doGenerate = (call: ImageModelV4CallOptions) => inTurn(decoder, () => generate(decoder, call));
	// Calls are split here and not by the AI SDK, which would give each of them the same seed.
	const shared = { provider: "dediffusion", modelId: decoder.id, maxImagesPerCall: Number.MAX_SAFE_INTEGER };
	switch (specificationVersion) {
		case "v4":
			return { ...shared, specificationVersion, doGenerate };
		case "v3":
			return { ...shared, specificationVersion, doGenerate };
		case "v2":
			return {
				...shared,
				specificationVersion,
				async doGenerate(call) {
					const { warnings, ...result } = await doGenerate({ ...call, files: undefined, mask: undefined });
					return { ...result, warnings: warnings.map(inVersion2) };
				},
			};
	}
}

/** The latest call of each decoder that draws one call after the other, however many models were made of it. */
const latest = new WeakMap<Decoder, Promise<unknown>>();

/** Decoders in the network draw at any time; those of this machine rely on it that they are called in turn. */
function inTurn<Result>(decoder: Decoder, work: () => Promise<Result>): Promise<Result> {
	if (decoder.lane === "network") {
		return work();
	}
	const turn = (latest.get(decoder) ?? Promise.resolve()).then(work);
	latest.set(
		decoder,
		turn.catch(() => undefined),
	);
	return turn;
}

async function generate(decoder: Decoder, call: ImageModelV4CallOptions): Promise<DecoderResult<SharedV3Warning>> {
	const timestamp = new Date();
	const { requests, warnings } = requestsFor(decoder, call);
	const results = await drawAll(decoder, requests, call);
	const done = results.filter((result) => result.status === "done");
	const filtered = results.filter((result) => result.status === "filtered");
	const reasons = filtered.map(({ seed, reason }) => `The picture of seed ${seed} was filtered: ${reason}`);
	return {
		images: await Promise.all(done.map(({ image }) => fileOf(image))),
		// All filtered: the same text would be filtered again.
		...(done.length === 0 && { isRetryable: false }),
		warnings: distinct([
			...warnings,
			...results.flatMap((result) => result.warnings.map(toAiSdkWarning)),
			...reasons.map((message) => ({ type: "other", message }) as const),
		]),
		providerMetadata: {
			dediffusion: {
				images: done.map(({ seed, effectivePrompt }) => ({ seed, effectivePrompt })),
				filtered: filtered.map(({ seed, reason }) => ({ seed, reason })),
			},
		},
		response: { timestamp, modelId: decoder.id, headers: undefined },
	};
}

async function drawAll(
	decoder: Decoder,
	requests: readonly DecodeRequest[],
	{ abortSignal: signal = new AbortController().signal, ...call }: ImageModelV4CallOptions,
): Promise<DecodeResult[]> {
	const { maxBatch } = decoder.capabilities;
	const results: DecodeResult[] = [];
	try {
		while (results.length < requests.length) {
			const batch = requests.slice(results.length, results.length + maxBatch);
			const drawn = await decoder.generate(batch, { signal, onProgress: () => undefined });
			if (drawn.length !== batch.length) {
				const message = `${decoder.id} gave ${drawn.length} results for ${batch.length} requests.`;
				throw new DeDiffusionError("BACKEND_PROTOCOL", message);
			}
			results.push(...drawn);
		}
		return results;
	} catch (error) {
		signal.throwIfAborted();
		throw DeDiffusionError.is(error) ? inAiSdk(error, decoder, call) : error;
	}
}

/** As an error that the AI SDK knows how to repeat. */
function inAiSdk(error: DeDiffusionError, { id }: Decoder, { prompt, n, size, seed }: Asked): Error {
	const { code, message, advice, retryable, retryAfterMs, input } = error;
	return new APICallError({
		message: `${message} ${advice}`,
		url: `dediffusion:${id}`,
		requestBodyValues: { prompt, n, size, seed },
		statusCode: errorCodes[code].status,
		...(retryAfterMs !== undefined && { responseHeaders: { "retry-after-ms": String(retryAfterMs) } }),
		isRetryable: retryable,
		data: { code, ...(input !== undefined && { input }) },
		cause: error,
	});
}

/** Without those that the pictures of a call have in common. */
function distinct<Value>(values: readonly Value[]): Value[] {
	return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
