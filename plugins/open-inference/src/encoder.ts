/**
 * A model that describes pictures as an encoder.
 *
 * @module
 */
import {
	DeDiffusionError,
	type EncodeRequest,
	type Encoder,
	type PictureFile,
	type PluginHost,
} from "dediffusion/plugin";
import { modelOf } from "./model.ts";
import type { EncoderOptions } from "./options.ts";
import type { AnsweredTensor } from "./pictures.ts";
import { type PlannedInput, shapeOf } from "./plan.ts";
import { type InputTensor, openService } from "./service.ts";
import { elementsInBytes, textsInJson, type Value } from "./tensors.ts";

export function createEncoder(options: EncoderOptions, host: PluginHost): Encoder {
	const { id, name = id, inputs, mediaType, maxSide, maxBatch, maxTokens, deterministic } = options;
	const model = modelOf<"picture" | "seed">(openService(options, host), options);
	return {
		id,
		name,
		lane: "network",
		capabilities: {
			settings: inputs.seed === undefined ? [] : ["seed"],
			deterministic,
			maxBatch,
			...(maxTokens !== undefined && { maxTokens }),
		},
		async encode(requests, { signal }) {
			if (requests.length === 0) {
				return [];
			}
			const form = { mediaTypes: [mediaType], ...(maxSide !== undefined && { maxSide }) };
			const files = await Promise.all(requests.map(({ picture }) => picture.file(form)));
			const answer = await model.run((input) => tensorFor(input, requests, files), signal);
			return textsIn(answer, requests.length).map((text) => ({ status: "done", text, warnings: [] }));
		},
		health: (signal) => model.check(signal),
	};
}

function tensorFor(
	{ name, datatype, shape, holds }: PlannedInput<"picture" | "seed">,
	requests: readonly EncodeRequest[],
	files: readonly PictureFile[],
): InputTensor {
	const valueFor = ({ seed }: EncodeRequest, index: number): Value => {
		if ("constant" in holds) {
			return holds.constant;
		}
		return holds.setting === "seed" ? seed : (files[index] as PictureFile).bytes;
	};
	return { name, datatype, shape: shapeOf(shape, requests.length), values: requests.map(valueFor) };
}

/** @throws DeDiffusionError `BACKEND_PROTOCOL` if there is not one text for each picture. */
function textsIn({ datatype, shape, data }: AnsweredTensor, count: number): readonly string[] {
	const elements = shape.reduce((product, size) => product * size, 1);
	if (datatype !== "BYTES" || elements !== count) {
		throw new DeDiffusionError(
			"BACKEND_PROTOCOL",
			`The backend gave ${elements} values of ${datatype} where ${count} texts were wanted.`,
			{ advice: "Check output and maxBatch of the plugin's options." },
		);
	}
	const utf8 = new TextDecoder();
	return data instanceof Uint8Array
		? elementsInBytes(data, count).map((element) => utf8.decode(element))
		: textsInJson(data, count);
}
