/**
 * A model of the service that sees pictures as an encoder.
 *
 * @module
 */
import type { EncodeRequest, EncodeResult, Encoder } from "dediffusion/plugin";
import type { CaptionerOptions } from "./options.ts";
import type { Service } from "./service.ts";

export function createCaptioner(options: CaptionerOptions, service: Service): Encoder {
	const { id, name = id, deterministic, temperature } = options;
	return {
		id,
		name,
		lane: "network",
		capabilities: {
			// Where nothing is left to chance, a seed changes nothing.
			settings: temperature === 0 || temperature === null ? ["length"] : ["seed", "length"],
			deterministic,
			maxBatch: 1,
		},
		encode: (requests, { signal }) =>
			Promise.all(requests.map((request) => caption(request, options, service, signal))),
		health: (signal) => service.check(signal),
	};
}

async function caption(
	{ picture, seed, length }: EncodeRequest,
	{ model, instruction, temperature, maxTokens, maxTokensField, maxSide, parameters }: CaptionerOptions,
	service: Service,
	signal: AbortSignal,
): Promise<EncodeResult> {
	const { bytes, mediaType } = await picture.file({ mediaTypes: ["image/png", "image/jpeg"], maxSide });
	const url = `data:${mediaType};base64,${Buffer.from(bytes).toString("base64")}`;
	const text = length === undefined ? instruction : `${instruction} Use at most ${length} words.`;
	const body = {
		model,
		messages: [
			{
				role: "user",
				content: [
					{ type: "text", text },
					{ type: "image_url", image_url: { url } },
				],
			},
		],
		seed,
		...(temperature !== null && { temperature }),
		...(maxTokens !== undefined && { [maxTokensField]: maxTokens }),
		...parameters,
	};
	const completed = await service.complete(body, signal);
	if ("refusal" in completed) {
		return { status: "filtered", reason: completed.refusal, warnings: [] };
	}
	return {
		status: "done",
		text: completed.text.replace(/\s+/g, " "),
		warnings:
			completed.finishReason === "length"
				? [{ type: "truncated", message: "The caption was cut off: no more tokens were allowed." }]
				: [],
	};
}
