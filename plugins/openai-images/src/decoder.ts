/**
 * The service as a decoder.
 *
 * @module
 */
import {
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecoderCapabilities,
	type DecodeWarning,
	DeDiffusionError,
	type PluginHost,
	type SettingName,
} from "dediffusion/plugin";
import type { Options } from "./options.ts";
import { promptFor } from "./prompt.ts";
import { type Drawn, openService } from "./service.ts";

export function createDecoder(options: Options, host: PluginHost): Decoder {
	const service = openService(options, host);
	return {
		id: options.id,
		name: options.name ?? options.id,
		lane: "network",
		capabilities: capabilitiesOf(options),
		async generate(requests, { signal }) {
			const [first] = requests;
			if (first === undefined) {
				return [];
			}
			const fields = fieldsFor(options, first);
			const prompt = promptFor(first, options, fields);
			const { size, warnings } = sizeFor(options, first);
			const body = {
				prompt: prompt.sent,
				n: requests.length,
				...(options.model && { model: options.model }),
				...(options.sendsSize && { size }),
				...(options.responseFormat && { response_format: options.responseFormat }),
				...(options.fieldsIn === "body" && fields),
				...options.parameters,
			};
			const drawn = await service.draw(body, signal);
			const shared = { effectivePrompt: prompt.effective, warnings: [...prompt.warnings, ...warnings] };
			return Promise.all(
				inOrder(drawn, requests).map(async ({ seed, image, refusal }): Promise<DecodeResult> => {
					if (image === undefined) {
						return { ...shared, seed, status: "filtered", reason: refusal };
					}
					const bytes = await service.bytesOf(image, signal);
					const effectivePrompt = image.revised_prompt || shared.effectivePrompt;
					return { ...shared, effectivePrompt, seed, status: "done", image: { kind: "encoded", bytes } };
				}),
			);
		},
		health: (signal) => service.check(signal),
	};
}

function capabilitiesOf(options: Options): DecoderCapabilities {
	const { fields, negativePromptSeparator, sendsSize, maxImages, url } = options;
	const settings: SettingName[] = (["seed", "steps", "guidanceScale"] as const).filter((name) => fields[name]);
	if (fields.negativePrompt !== undefined || negativePromptSeparator !== undefined) {
		settings.push("negativePrompt");
	}
	if (sendsSize) {
		settings.push("width", "height");
	}
	const [width, height] = sidesOf(options.size);
	return {
		settings,
		deterministic: options.deterministic ?? fields.seed !== undefined,
		// A request has one seed: where seeds count, each picture is a request of its own.
		maxBatch: fields.seed === undefined ? maxImages : 1,
		batches: "alike",
		schedulers: [],
		size: { min: 8, max: 4096, multipleOf: 1 },
		rewritesPrompt: options.rewritesPrompt ?? new URL(url).hostname === "api.openai.com",
		defaults: { width, height },
	};
}

/** The settings that OpenAI's API does not have, under the names that this server gives them. */
function fieldsFor({ fields }: Options, request: DecodeRequest): Record<string, unknown> {
	const named = (["seed", "steps", "guidanceScale", "negativePrompt"] as const).map(
		(setting) => [fields[setting], request[setting]] as const,
	);
	return Object.fromEntries(named.filter(([name, value]) => name !== undefined && value !== undefined));
}

function sizeFor(options: Options, request: DecodeRequest): { size: string; warnings: DecodeWarning[] } {
	const [defaultWidth, defaultHeight] = sidesOf(options.size);
	const wanted = [request.width ?? defaultWidth, request.height ?? defaultHeight] as const;
	if (options.sizes === undefined) {
		return { size: wanted.join("x"), warnings: [] };
	}
	const distance = (size: string) => {
		const [width, height] = sidesOf(size);
		return Math.abs(Math.log(width / wanted[0])) + Math.abs(Math.log(height / wanted[1]));
	};
	const size = options.sizes.reduce((best, other) => (distance(other) < distance(best) ? other : best));
	const [width, height] = sidesOf(size);
	const drawn = { width, height };
	const warnings = (["width", "height"] as const)
		.filter((side) => request[side] !== undefined && request[side] !== drawn[side])
		.map((setting): DecodeWarning => {
			const message = `The model draws ${options.sizes?.join(", ")}: ${setting} ${request[setting]} became ${drawn[setting]}.`;
			return { type: "adjusted", setting, message };
		});
	return { size, warnings };
}

function sidesOf(size: string): readonly [width: number, height: number] {
	const [width = 0, height = 0] = size.split("x").map(Number);
	return [width, height];
}

/** What became of each request. @throws DeDiffusionError `BACKEND_PROTOCOL` if there are not as many pictures as wanted. */
function inOrder(drawn: Drawn, requests: readonly DecodeRequest[]) {
	if ("refusal" in drawn) {
		return requests.map(({ seed }) => ({ seed, image: undefined, refusal: drawn.refusal }));
	}
	const { images } = drawn;
	if (images.length !== requests.length) {
		throw new DeDiffusionError(
			"BACKEND_PROTOCOL",
			`The backend gave ${images.length} pictures where ${requests.length} were wanted.`,
		);
	}
	return requests.map(({ seed }, index) => ({ seed, image: images[index], refusal: "" }));
}
