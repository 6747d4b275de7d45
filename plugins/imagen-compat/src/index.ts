/**
 * Servers that speak Imagen's wire protocol, and Gemini's picture models, as decoders.
 *
 * @module
 */
import { definePlugin } from "dediffusion/plugin";
import { createGemini } from "./gemini.ts";
import { createImagen } from "./imagen.ts";
import { geminiOptions, imagenOptions } from "./options.ts";

/**
 * A decoder over `:predict`, e.g. another De-Diffusion server on a machine with a GPU.
 *
 * @example
 * plugins: [imagen({ id: "gpu", url: "http://10.0.0.7:4000/v1", model: "scenes-a", flavour: "dediffusion" })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory.
 */
export const imagen = definePlugin({
	name: "@dediffusion/imagen-compat",
	options: imagenOptions,
	setup: (options, host) => [createImagen(options, host)],
});

/**
 * A decoder over `:generateContent` of a Gemini picture model, with the key in `GEMINI_API_KEY`.
 *
 * @example
 * plugins: [geminiImages({ model: "gemini-3.1-flash-image" })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory.
 */
export const geminiImages = definePlugin({
	name: "@dediffusion/imagen-compat",
	options: geminiOptions,
	setup: (options, host) => [createGemini(options, host)],
});
