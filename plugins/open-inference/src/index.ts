/**
 * Models behind a server of the Open Inference Protocol (version 2), such as Triton or KServe, as decoders and encoders.
 *
 * @module
 */
import { definePlugin } from "dediffusion/plugin";
import { createDecoder } from "./decoder.ts";
import { createEncoder } from "./encoder.ts";
import { encoderOptions, options } from "./options.ts";

/**
 * A decoder over `/v2/models/{model}/infer`. Which input of the model takes what is configured, and checked against what
 * the server says of the model before the first picture is drawn.
 *
 * @example
 * plugins: [openInference({ url: "http://10.0.0.7:8000", model: "sd", inputs: { prompt: "PROMPT" }, output: "IMAGE" })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory.
 */
export const openInference = definePlugin({
	name: "@dediffusion/open-inference",
	options,
	setup: (settings, host) => [createDecoder(settings, host)],
});

/**
 * The same as an encoder: a model that takes files of pictures and gives texts.
 *
 * @example
 * plugins: [openInferenceEncoder({ url: "http://10.0.0.7:8000", model: "blip", inputs: { picture: "IMAGE" }, output: "TEXT" })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory.
 */
export const openInferenceEncoder = definePlugin({
	name: "@dediffusion/open-inference",
	options: encoderOptions,
	setup: (settings, host) => ({ encoders: [createEncoder(settings, host)] }),
});
