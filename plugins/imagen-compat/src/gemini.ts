/**
 * A decoder over `:generateContent` of Gemini's picture models.
 *
 * @module
 */
import {
	bytesOfBase64,
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecodeWarning,
	DeDiffusionError,
	type PluginHost,
} from "dediffusion/plugin";
import { aspectRatioFor, geminiRatios } from "./aspect-ratio.ts";
import type { GeminiOptions } from "./options.ts";
import { openService } from "./service.ts";
import { type ContentAnswer, contentAnswer } from "./wire.ts";

const defaults = { width: 1024, height: 1024 };

export function createGemini(options: GeminiOptions, host: PluginHost): Decoder {
	const service = openService(options, host);
	return {
		id: options.id,
		name: options.name ?? options.id,
		lane: "network",
		capabilities: {
			settings: ["seed", "width", "height"],
			// Google promises to try.
			deterministic: false,
			maxBatch: 1,
			schedulers: [],
			size: { min: 8, max: 4096, multipleOf: 1 },
			// A language model reads the text and draws what it makes of it.
			rewritesPrompt: true,
			defaults,
		},
		async generate(requests, { signal }) {
			return Promise.all(
				requests.map(async (request) => {
					const { ratio, warnings } = aspectRatioFor(request, defaults, geminiRatios);
					const answer = await service.call("generateContent", bodyFor(options, request, ratio), contentAnswer, signal);
					return resultOf(request, answer, warnings);
				}),
			);
		},
		health: (signal) => service.check(signal),
	};
}

function bodyFor(
	{ imageSize, safetySettings, parameters }: GeminiOptions,
	request: DecodeRequest,
	aspectRatio: string,
) {
	return {
		contents: [{ role: "user", parts: [{ text: request.prompt }] }],
		generationConfig: {
			responseModalities: ["IMAGE"],
			imageConfig: { aspectRatio, ...(imageSize && { imageSize }) },
			// Google's seeds are signed.
			seed: request.seed | 0,
			...parameters,
		},
		...(safetySettings && { safetySettings }),
	};
}

function resultOf(
	{ seed, prompt }: DecodeRequest,
	answer: ContentAnswer,
	warnings: readonly DecodeWarning[],
): DecodeResult {
	const base = { seed, effectivePrompt: prompt };
	const [first, ...others] = answer.candidates
		.flatMap(({ content }) => content?.parts ?? [])
		.filter(({ thought }) => thought !== true)
		.flatMap(({ inlineData }) => inlineData?.data ?? []);
	if (first === undefined) {
		return { ...base, warnings, status: "filtered", reason: reasonIn(answer) };
	}
	const more: DecodeWarning = {
		type: "other",
		message: `The model drew ${others.length + 1} pictures of one text; this is the first.`,
	};
	return {
		...base,
		warnings: others.length === 0 ? warnings : [...warnings, more],
		status: "done",
		image: { kind: "encoded", bytes: bytesOfBase64(first) },
	};
}

/** Why there is no picture. @throws DeDiffusionError `BACKEND_PROTOCOL` if nothing in the answer says it. */
function reasonIn({ candidates: [candidate], promptFeedback }: ContentAnswer): string {
	const words = candidate?.content?.parts.map(({ text }) => text).find((text) => text !== undefined);
	const reason = [
		promptFeedback?.blockReasonMessage ?? promptFeedback?.blockReason,
		candidate?.finishMessage,
		words && `The model answered with words: ${words}`,
		candidate?.finishReason,
	].find((text) => text !== undefined && text !== "");
	if (reason === undefined) {
		throw new DeDiffusionError("BACKEND_PROTOCOL", "The backend's answer holds neither a picture nor a reason.");
	}
	return reason;
}
