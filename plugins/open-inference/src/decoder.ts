/**
 * The model as a decoder.
 *
 * @module
 */
import {
	type DecodedImage,
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecoderCapabilities,
	type DecodeWarning,
	DeDiffusionError,
	type PluginHost,
	type SettingName,
} from "dediffusion/plugin";
import { modelOf } from "./model.ts";
import type { Options, Setting } from "./options.ts";
import { picturesIn } from "./pictures.ts";
import { type PlannedInput, shapeOf } from "./plan.ts";
import { type InputTensor, openService } from "./service.ts";
import type { Value } from "./tensors.ts";

export function createDecoder(options: Options, host: PluginHost): Decoder {
	const model = modelOf(openService(options, host), options);

	return {
		id: options.id,
		name: options.name ?? options.id,
		lane: "network",
		capabilities: capabilitiesOf(options),
		async generate(requests, { signal }) {
			if (requests.length === 0) {
				return [];
			}
			const answer = await model.run((input) => tensorFor(input, requests, options), signal);
			const images = picturesIn(answer, requests.length, options);
			return requests.map((request, index) => resultOf(request, images[index] as DecodedImage, options));
		},
		health: (signal) => model.check(signal),
	};
}

function resultOf(request: DecodeRequest, image: DecodedImage, options: Options): DecodeResult {
	const { seed, prompt } = request;
	return { status: "done", seed, effectivePrompt: prompt, warnings: warningsOf(request, image, options), image };
}

/** Sizes that became others. Files tell theirs only to the host. */
function warningsOf(request: DecodeRequest, image: DecodedImage, { inputs }: Options): DecodeWarning[] {
	if (image.kind === "encoded") {
		return [];
	}
	return (["width", "height"] as const)
		.filter((side) => inputs[side] !== undefined && request[side] !== undefined && request[side] !== image[side])
		.map((setting) => {
			const message = `The model drew a ${setting} of ${image[setting]} pixels instead of ${request[setting]}.`;
			return { type: "adjusted", setting, message };
		});
}

function capabilitiesOf(options: Options): DecoderCapabilities {
	const { inputs, schedulers, size, rewritesPrompt, maxBatch, deterministic, defaults } = options;
	const { width, height, steps, guidanceScale, scheduler } = defaults;
	const takesSize = inputs.width !== undefined || inputs.height !== undefined;
	return {
		settings: settingsOf(inputs),
		deterministic: deterministic ?? inputs.seed !== undefined,
		maxBatch,
		// One tensor holds pictures of one size.
		batches: takesSize ? "alike" : "mixed",
		schedulers: inputs.scheduler === undefined ? [] : schedulers,
		size: takesSize ? size : { min: Math.min(width, height), max: Math.max(width, height), multipleOf: 1 },
		rewritesPrompt,
		defaults: {
			width,
			height,
			...(steps !== undefined && { steps }),
			...(guidanceScale !== undefined && { guidanceScale }),
			...(scheduler !== undefined && { scheduler }),
		},
	};
}

function settingsOf(inputs: Options["inputs"]): SettingName[] {
	const { prompt: _, ...settings } = inputs;
	return (Object.keys(settings) as (keyof typeof settings)[]).filter((setting) => settings[setting] !== undefined);
}

function tensorFor(
	{ name, datatype, shape, holds }: PlannedInput,
	requests: readonly DecodeRequest[],
	{ defaults }: Options,
): InputTensor {
	const values = requests.map((request) =>
		"constant" in holds ? holds.constant : settingOf(holds.setting, request, defaults),
	);
	return {
		name,
		datatype,
		shape: shapeOf(shape, requests.length),
		// Seeds beyond 2^31 are negative there, and still different from each other.
		values: datatype === "INT32" ? values.map((value) => Number(value) | 0) : values,
	};
}

function settingOf(
	setting: Setting,
	request: DecodeRequest,
	defaults: Partial<Record<Setting, Value | undefined>>,
): Value {
	const value = request[setting] ?? defaults[setting];
	if (value === undefined) {
		throw new DeDiffusionError(
			"BACKEND_INVALID_REQUEST",
			`The model takes ${setting}, and there is no default for it.`,
		);
	}
	return value;
}
