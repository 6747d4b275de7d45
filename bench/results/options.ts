/**
 * The options of `npm run results`.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundledDrawing, repository } from "./built.ts";
import type { ModelFolders } from "./models.ts";

export const usage = `npm run results -- [options]

Draws held-out scenes with the bundled models, measures them, and writes docs/results.json, docs/results.md and its
pictures. A run that was stopped goes on where it was when it is started with the same options.

  --scenes FOLDER        what \`python -m dediffusion_training draw-scenes\` wrote; default: draws them, which needs uv
  --emoji FOLDER         drawings for that; default: the font of Debian's fonts-noto-color-emoji
  --count NUMBER         scenes, 2000
  --sweep-count NUMBER   scenes of the sweep over guidance scales, 500
  --steps NUMBER         denoising steps, ${bundledDrawing.steps}
  --scheduler NAME       default: each decoder's own
  --guidance-scale NUMBER  of everything but the sweep, ${bundledDrawing.guidanceScale}
  --guidance-rescale NUMBER  how far guided predictions are brought back to their usual deviation, 0 to 1; default:
                         what the server's configuration has, ${bundledDrawing.guidanceRescale}. Above 0, the sweep is drawn without it, too
  --seed NUMBER          of the noise and of all resamples, 0
  --resamples NUMBER     behind the interval of an FID, 100; other intervals take 1000
  --encoder FOLDER, --scenes-a FOLDER, --scenes-b FOLDER, --reader FOLDER
                         other models than those of models/
  --threads NUMBER       of onnxruntime; default: all cores
  --work FOLDER          keeps drawn pictures, data/results
  --out FOLDER           docs
  --page-only            writes page and plot from the results.json that is there
`;

export interface Options {
	readonly scenes: string | undefined;
	readonly emoji: string | undefined;
	readonly count: number;
	readonly sweepCount: number;
	readonly steps: number;
	readonly scheduler: string | undefined;
	readonly guidanceScale: number;
	readonly guidanceRescale: number;
	readonly seed: number;
	readonly frechetResamples: number;
	readonly folders: ModelFolders;
	readonly threads: number | undefined;
	readonly work: string;
	readonly out: string;
	readonly pageOnly: boolean;
	readonly help: boolean;
}

/** Fewer pictures have no covariance worth the name. */
const fewestScenes = 2;

/** @throws Error naming the option at fault. */
export function readOptions(args: readonly string[]): Options {
	const text = { type: "string" } as const;
	const { values } = parseArgs({
		args: [...args],
		options: {
			scenes: text,
			emoji: text,
			count: { ...text, default: "2000" },
			"sweep-count": { ...text, default: "500" },
			steps: { ...text, default: String(bundledDrawing.steps) },
			scheduler: text,
			"guidance-scale": { ...text, default: String(bundledDrawing.guidanceScale) },
			"guidance-rescale": { ...text, default: String(bundledDrawing.guidanceRescale) },
			seed: { ...text, default: "0" },
			resamples: { ...text, default: "100" },
			encoder: { ...text, default: join(repository, "models", "dediffusion-scenes") },
			"scenes-a": { ...text, default: join(repository, "models", "scenes-a") },
			"scenes-b": { ...text, default: join(repository, "models", "scenes-b") },
			reader: { ...text, default: join(repository, "models", "scenes-reader") },
			threads: text,
			work: { ...text, default: join(repository, "data", "results") },
			out: { ...text, default: join(repository, "docs") },
			"page-only": { type: "boolean", default: false },
			help: { type: "boolean", short: "h", default: false },
		},
	});
	const count = wholeNumber("count", values.count, fewestScenes);
	return {
		scenes: values.scenes,
		emoji: values.emoji,
		count,
		sweepCount: Math.min(count, wholeNumber("sweep-count", values["sweep-count"], fewestScenes)),
		steps: wholeNumber("steps", values.steps, 1),
		scheduler: values.scheduler,
		guidanceScale: positiveNumber("guidance-scale", values["guidance-scale"]),
		guidanceRescale: share("guidance-rescale", values["guidance-rescale"]),
		seed: wholeNumber("seed", values.seed, 0),
		frechetResamples: wholeNumber("resamples", values.resamples, 2),
		folders: {
			encoder: resolve(values.encoder),
			"scenes-a": resolve(values["scenes-a"]),
			"scenes-b": resolve(values["scenes-b"]),
			reader: resolve(values.reader),
		},
		threads: values.threads === undefined ? undefined : wholeNumber("threads", values.threads, 1),
		work: resolve(values.work),
		out: resolve(values.out),
		pageOnly: values["page-only"],
		help: values.help,
	};
}

function wholeNumber(name: string, text: string, least: number): number {
	return numberThat(
		(number) => Number.isInteger(number) && number >= least,
		name,
		text,
		`a whole number from ${least}`,
	);
}

function positiveNumber(name: string, text: string): number {
	return numberThat((number) => number > 0 && number <= 50, name, text, "a number above 0, at most 50");
}

function share(name: string, text: string): number {
	return numberThat((number) => number >= 0 && number <= 1, name, text, "a number from 0 to 1");
}

/** @param wanted What is allowed, in words. */
function numberThat(isAllowed: (number: number) => boolean, name: string, text: string, wanted: string): number {
	const number = Number(text);
	if (text.trim() === "" || !isAllowed(number)) {
		throw new Error(`--${name} is ${text}; give ${wanted}.`);
	}
	return number;
}
