/**
 * AUTOMATIC1111's stable-diffusion-webui, and what speaks its API, as decoders.
 *
 * @module
 */
import { definePlugin } from "dediffusion/plugin";
import { createDecoder } from "./decoder.ts";
import { options } from "./options.ts";

/**
 * A decoder over `/sdapi/v1/txt2img`, with the user and password of `--api-auth` in `SD_WEBUI_AUTH`.
 *
 * @example
 * plugins: [automatic1111({ url: "http://127.0.0.1:7860", checkpoint: "v1-5-pruned-emaonly" })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory.
 */
export const automatic1111 = definePlugin({
	name: "@dediffusion/automatic1111",
	options,
	setup: (settings, host) => [createDecoder(settings, host)],
});
