/**
 * `npm run results`: measures the bundled models on held-out scenes and writes docs/results.json, its page and pictures.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { drawScenes } from "./draw-scenes.ts";
import { readNotes, readResults, writeImage, writeResults } from "./files.ts";
import { measure } from "./measure.ts";
import { openMeasuredModels } from "./models.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { createProgress } from "./progress.ts";
import { readScenes, type SceneFolder } from "./scenes.ts";
import { outsideSheet, transferSheet } from "./sheets.ts";

async function run(options: Options): Promise<void> {
	const notes = await readNotes();
	if (options.pageOnly) {
		await writeResults(options.out, { ...(await readResults(options.out)), notes });
		return;
	}
	const progress = createProgress((line) => console.log(line));
	// The CPU alone, so that a number does not depend on whether a GPU was there.
	const threads = options.threads === undefined ? {} : { threads: options.threads };
	const models = await openMeasuredModels(options.folders, options.guidanceRescale, { ...threads, providers: ["cpu"] });
	try {
		const measured = await measure(await openScenes(options), models, options, progress, notes);
		await writeImage(options.out, "results-sheet.png", await transferSheet(measured));
		await writeImage(options.out, "results-outside.png", await outsideSheet(measured.results.outside));
		await writeResults(options.out, measured.results);
		progress.say(`wrote ${join(options.out, "results.md")}`);
	} finally {
		await models.close();
	}
}

async function openScenes({ scenes, emoji, count, work }: Options): Promise<SceneFolder> {
	if (scenes !== undefined) {
		return readScenes(resolve(scenes), count);
	}
	const output = join(work, "scenes");
	await drawScenes({ emoji, count, output });
	return readScenes(output, count);
}

try {
	const options = readOptions(process.argv.slice(2));
	if (options.help) {
		console.log(usage);
	} else {
		await run(options);
	}
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
