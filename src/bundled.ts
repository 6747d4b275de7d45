/**
 * The models and plugins that come with the repository: the only place that knows them.
 *
 * @module
 */
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import type { Plugin } from "./plugins/index.ts";

export {
	inspectPipeline,
	type PipelineReport,
	pipelineFiles,
	readPipelineIndex,
} from "@dediffusion/stable-diffusion";

/** Sources and `dist` lie at different depths; the package's root is where its package.json is. */
const root = dirname(findPackageJSON(import.meta.url) ?? import.meta.dirname);

/** A small picture for the first look and for examples. */
export const examplePicture = join(root, "models", "example.png");

/** What a person would say of it. */
export const exampleCaption = "a sun";

/**
 * How both bundled decoders draw where a request is silent. They gain nothing from more steps. How far guidance is rescaled
 * is what the authors of rescaling recommend (arXiv:2305.08891): without it, scales such as 7.5, which people bring from Stable
 * Diffusion, bleach what models as small as these draw (docs/results.md).
 */
export const bundledDrawing = { steps: 20, guidanceScale: 2, guidanceRescale: 0.7 } as const;

/** The encoders that are used when the configuration names none. */
export function bundledEncoders(): { id: string; folder: string }[] {
	return [{ id: "dediffusion-scenes", folder: join(root, "models", "dediffusion-scenes") }];
}

/** The plugins that are used when the configuration names none. */
export function bundledPlugins(): Plugin[] {
	return [
		stableDiffusion({
			models: [
				{ id: "scenes-a", name: "Emoji scenes A", folder: join(root, "models", "scenes-a"), ...bundledDrawing },
				{
					id: "scenes-b",
					name: "Emoji scenes B, which the encoder has never seen",
					folder: join(root, "models", "scenes-b"),
					...bundledDrawing,
				},
			],
		}),
	];
}
