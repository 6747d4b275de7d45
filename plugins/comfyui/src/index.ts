/**
 * Workflows of ComfyUI as decoders.
 *
 * @module
 */
import { definePlugin } from "dediffusion/plugin";
import { createDecoder } from "./decoder.ts";
import { options } from "./options.ts";
import { openWorkflow } from "./workflow.ts";

/**
 * A decoder that runs a workflow of the user's own, exported in API format.
 *
 * @example
 * plugins: [comfyui({ workflow: "workflow.json", inputs: { prompt: "6.text", seed: "3.seed" } })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory; from `setup` if workflow and inputs do not fit together.
 */
export const comfyui = definePlugin({
	name: "@dediffusion/comfyui",
	options,
	setup: (settings, host) => [createDecoder(settings, openWorkflow(settings), host)],
});
