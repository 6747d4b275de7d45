/**
 * A decoder over Imagen's `:predict`.
 *
 * @module
 */
import {
	bytesOfBase64,
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecoderCapabilities,
	type DecodeWarning,
	DeDiffusionError,
	type PluginHost,
	type SettingName,
} from "dediffusion/plugin";
import { aspectRatioFor, imagenRatios } from "./aspect-ratio.ts";
import type { ImagenOptions } from "./options.ts";
import { openService } from "./service.ts";
import { type Prediction, predictAnswer } from "./wire.ts";

/** Most pictures that one call of `:predict` draws. */
const maxSamples = 4;

const settings: Readonly<Record<ImagenOptions["flavour"], readonly SettingName[]>> = {
	gemini: ["guidanceScale", "width", "height"],
	vertex: ["seed", "guidanceScale", "negativePrompt", "width", "height"],
	dediffusion: ["seed", "steps", "guidanceScale", "negativePrompt", "width", "height"],
};

export function createImagen(options: ImagenOptions, host: PluginHost): Decoder {
	const service = openService(options, host);
	const capabilities = capabilitiesOf(options);
	return {
		id: options.id,
		name: options.name ?? options.id,
		lane: "network",
		capabilities,
		async generate(requests, { signal }) {
			const [first] = requests;
			if (first === undefined) {
				return [];
			}
			const { parameters, warnings } = parametersFor(options, first, requests.length);
			const body = { instances: [{ prompt: first.prompt }], parameters };
			const { predictions } = await service.call("predict", body, predictAnswer, signal);
			return resultsOf(requests, predictions.filter(isSlot), warnings);
		},
		// Vertex AI offers no description of its models under their address.
		...(options.flavour !== "vertex" && { health: (signal) => service.check(signal) }),
	};
}

function capabilitiesOf({ flavour, enhancePrompt, width, height }: ImagenOptions): DecoderCapabilities {
	const hasSeeds = settings[flavour].includes("seed");
	return {
		settings: settings[flavour],
		deterministic: flavour === "dediffusion",
		// A call has one seed: where seeds count, each picture is a call of its own.
		maxBatch: hasSeeds ? 1 : maxSamples,
		batches: "alike",
		schedulers: [],
		size: { min: 8, max: 4096, multipleOf: 1 },
		rewritesPrompt: flavour === "gemini" || enhancePrompt,
		defaults: { width, height },
	};
}

function parametersFor(
	options: ImagenOptions,
	request: DecodeRequest,
	sampleCount: number,
): { parameters: object; warnings: readonly DecodeWarning[] } {
	const { flavour, enhancePrompt, safetySetting, personGeneration, language } = options;
	const { seed, steps, guidanceScale, negativePrompt, width, height } = request;
	const { ratio, warnings } = aspectRatioFor(request, options, imagenRatios);
	const common = {
		sampleCount,
		includeRaiReason: true,
		outputOptions: { mimeType: "image/png" },
		...given({ guidanceScale, safetySetting, personGeneration, language }),
		...options.parameters,
	};
	switch (flavour) {
		case "gemini":
			return { parameters: { ...common, aspectRatio: ratio }, warnings };
		case "vertex": {
			// Seeds are refused where a watermark is asked for.
			const own = { seed, addWatermark: false, enhancePrompt, aspectRatio: ratio, ...given({ negativePrompt }) };
			return { parameters: { ...common, ...own }, warnings };
		}
		case "dediffusion": {
			const own = { seed, enhancePrompt, ...given({ negativePrompt, steps, width, height }) };
			return { parameters: { ...common, ...own }, warnings: [] };
		}
	}
}

function given(parameters: Readonly<Record<string, unknown>>): object {
	return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
}

/** An answer also holds what was found in the prompt itself; that is no picture. */
function isSlot({ contentType }: Prediction): boolean {
	return contentType !== "Positive Prompt";
}

function resultsOf(
	requests: readonly DecodeRequest[],
	slots: readonly Prediction[],
	warnings: readonly DecodeWarning[],
): DecodeResult[] {
	if (slots.length > requests.length) {
		throw new DeDiffusionError(
			"BACKEND_PROTOCOL",
			`The backend gave ${slots.length} pictures where ${requests.length} were wanted.`,
		);
	}
	return requests.map((request, index) => {
		const slot = slots[index];
		// Imagen leaves out what it filtered.
		const missing = `The backend gave ${slots.length} of ${requests.length} pictures and no reason; it leaves out what it filters.`;
		return slot === undefined
			? filtered(request, missing, warnings)
			: resultOf(request, slot, [...warnings, ...warningsIn(slot)]);
	});
}

function resultOf(request: DecodeRequest, slot: Prediction, warnings: readonly DecodeWarning[]): DecodeResult {
	const { seed, prompt } = request;
	const { bytesBase64Encoded, gcsUri, raiFilteredReason, prompt: effectivePrompt = prompt } = slot;
	if (bytesBase64Encoded !== undefined) {
		const image = { kind: "encoded", bytes: bytesOfBase64(bytesBase64Encoded) } as const;
		return { status: "done", seed, effectivePrompt, warnings, image };
	}
	if (gcsUri !== undefined) {
		throw new DeDiffusionError("BACKEND_PROTOCOL", "The backend put the picture into a bucket.", {
			advice: "Leave storageUri out of the plugin's parameters.",
		});
	}
	return filtered(request, raiFilteredReason ?? "The backend filtered the picture and gave no reason.", warnings);
}

function filtered({ seed, prompt }: DecodeRequest, reason: string, warnings: readonly DecodeWarning[]): DecodeResult {
	return { status: "filtered", seed, effectivePrompt: prompt, warnings, reason };
}

function warningsIn({ warnings = [] }: Prediction): DecodeWarning[] {
	return warnings.map(({ type, message, setting }) => ({ type, message, ...(setting && { setting }) }));
}
