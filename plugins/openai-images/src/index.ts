/**
 * OpenAI's Images API, and the servers that speak it, as decoders.
 *
 * @module
 */
import { definePlugin } from "dediffusion/plugin";
import { createDecoder } from "./decoder.ts";
import { options } from "./options.ts";

/**
 * A decoder over `/images/generations`, with the key in `OPENAI_API_KEY`.
 *
 * @example
 * plugins: [openaiImages({ id: "gpt-image", model: "gpt-image-2" })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory.
 */
export const openaiImages = definePlugin({
	name: "@dediffusion/openai-images",
	options,
	setup: (settings, host) => [createDecoder(settings, host)],
});
