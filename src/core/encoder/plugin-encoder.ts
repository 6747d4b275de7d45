/**
 * A plugin's encoder as the engine uses any: with queue, limits and repetition, and words where it knows of no tokens.
 *
 * @module
 */
import {
	type CallLimits,
	DeDiffusionError,
	type EncodedToken,
	type EncodeRequest,
	type EncodeResult,
	type EncodeWarning,
	type Encoder as PluginEncoder,
} from "../../plugins/index.ts";
import { Caller, type CallerOptions } from "../calling/caller.ts";
import { queueOf } from "../calling/queue.ts";
import { sourceOf } from "../picture/source.ts";
import { checkLength, type PictureText, prefix } from "../text/text.ts";
import type { Encoder } from "./encoder.ts";
import { checkSeed, seedIgnored } from "./seed.ts";

/** For encoders whose longest text is not known. */
const longest = 10_000;

/** @param overrules What the user's configuration says of its limits. */
export function hostEncoder(
	encoder: PluginEncoder,
	overrules: CallLimits | undefined,
	calling: CallerOptions,
	onBatch?: (size: number) => void,
): Encoder {
	const { id, name, lane, capabilities } = encoder;
	const { settings, deterministic, maxBatch, maxTokens } = capabilities;
	const caller = new Caller(encoder, overrules, calling);
	const queue = queueOf<EncodeRequest, EncodeResult>({
		lane,
		maxBatch,
		call(requests, { signal }) {
			onBatch?.(requests.length);
			return callEncoder(encoder, caller, requests, signal);
		},
	});

	return {
		info: {
			id,
			name,
			lane,
			settings: settings.includes("length") ? settings : [...settings, "length"],
			deterministic,
			limits: caller.limits,
			...(maxTokens !== undefined && { tokens: maxTokens }),
		},
		async encode(picture, { length, seed, signal } = {}) {
			checkSeed(seed);
			if (length !== undefined) {
				checkLength(length, maxTokens ?? longest);
			}
			const takesSeed = settings.includes("seed");
			const request: EncodeRequest = {
				picture: sourceOf(picture),
				seed: takesSeed ? (seed ?? 0) : 0,
				...(length !== undefined && settings.includes("length") && { length }),
			};
			const result = await queue.load({ request, signal });
			if (result.status === "filtered") {
				throw new DeDiffusionError("CONTENT_FILTERED", `${name} kept its text back: ${result.reason}`, {
					input: "picture",
					advice: "Use another picture or another encoder.",
				});
			}
			const ignored = seed === undefined || takesSeed ? [] : [seedIgnored(name)];
			const text = textOf(result.text, result.tokens, id, [...ignored, ...result.warnings]);
			// A caption may be shorter than it might have been.
			return length === undefined || length >= text.tokens.length ? text : prefix(text, length);
		},
		health: (signal) => caller.health(signal),
		// Whoever set the plugin up closes what it gave.
		close: async () => undefined,
	};
}

/** One call. @throws DeDiffusionError As {@link Caller.call}, and `BACKEND_PROTOCOL`. */
function callEncoder(
	encoder: PluginEncoder,
	caller: Caller,
	requests: readonly EncodeRequest[],
	signal: AbortSignal,
): Promise<readonly EncodeResult[]> {
	return caller.call({
		signal,
		span: "encoder.encode",
		attributes: { encoder: encoder.id, requests: requests.length },
		async work(limited) {
			const results = await encoder.encode(requests, { signal: limited });
			caller.requireOneEach(results, requests);
			return results.map((result) => caller.redactedResult(result));
		},
	});
}

/** @throws DeDiffusionError `BACKEND_PROTOCOL` for a text without words, or tokens that are not its own. */
export function textOf(
	written: string,
	told: readonly EncodedToken[] | undefined,
	encoder: string,
	warnings: readonly EncodeWarning[],
): PictureText {
	const text = written.trim();
	if (text === "") {
		throw new DeDiffusionError("BACKEND_PROTOCOL", `${encoder} gave an empty text.`);
	}
	const tokens = told ?? (text.match(/\S+/g) ?? []).map((word) => ({ text: word }));
	const ends: number[] = [];
	for (const token of tokens) {
		const start = text.indexOf(token.text.trim(), ends.at(-1) ?? 0);
		if (start < 0) {
			throw new DeDiffusionError("BACKEND_PROTOCOL", `${encoder} gave the token ${token.text}, which its text lacks.`);
		}
		ends.push(start + token.text.trim().length);
	}
	return {
		text,
		tokens: tokens.map((token) => ({ ...token, text: token.text.trim() })),
		encoder,
		head: (length) => text.slice(0, ends[length - 1]),
		warnings,
	};
}
