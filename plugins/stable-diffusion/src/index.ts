/**
 * Stable Diffusion pipelines exported to ONNX as decoders, run on this machine through the host's inference.
 *
 * @module
 */
import { resolve } from "node:path";
import { definePlugin } from "dediffusion/plugin";
import { createDecoder } from "./decoder.ts";
import { readModelFolder } from "./model-folder.ts";
import { options } from "./options.ts";

export { type GraphReport, inspectPipeline, type PipelineReport } from "./inspect.ts";
export { type PipelineIndex, readIndex as readPipelineIndex } from "./model-folder.ts";
export { pipelineFiles } from "./repository-files.ts";

/**
 * Makes one decoder of each pipeline folder. Reads the folders' metadata at start and their weights at the first picture.
 *
 * @example
 * plugins: [stableDiffusion({ models: [{ id: "scenes-a", folder: "models/scenes-a", steps: 20 }] })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory; `MODEL_INVALID` or `SCHEDULER_UNKNOWN` from its setup.
 */
export const stableDiffusion = definePlugin({
	name: "@dediffusion/stable-diffusion",
	options,
	setup: ({ models }, host) =>
		Promise.all(
			models.map(async (settings) =>
				createDecoder(settings, await readModelFolder(resolve(host.folder, settings.folder)), host.inference),
			),
		),
});
