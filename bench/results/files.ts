/**
 * The files of docs/ that `npm run results` writes.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pageOf } from "./page.ts";
import { plotGuidance } from "./plot.ts";
import { type Results, resultsVersion } from "./results.ts";

/** What a person has to say of the numbers; it becomes a section of the page. */
const notesFile = fileURLToPath(new URL("notes.md", import.meta.url));

/** @returns An empty text where nobody has written any. */
export async function readNotes(): Promise<string> {
	return readFile(notesFile, "utf8").catch(() => "");
}

/** @throws Error if there are none, or those of another release. */
export async function readResults(out: string): Promise<Results> {
	const path = join(out, "results.json");
	const text = await readFile(path, "utf8").catch((cause: unknown) => {
		throw new Error(`${path} is missing; npm run results measures and writes it.`, { cause });
	});
	const results = JSON.parse(text) as Results;
	if (results.formatVersion !== resultsVersion) {
		throw new Error(`${path} has format version ${results.formatVersion}, not ${resultsVersion}; measure again.`);
	}
	return results;
}

/** Writes results.json, results.md and the plot. */
export async function writeResults(out: string, results: Results): Promise<void> {
	await writeFile(join(out, "results.json"), `${JSON.stringify(results, undefined, "\t")}\n`);
	await writeFile(join(out, "results.md"), pageOf(results));
	await writeImage(out, "results-guidance.svg", await plotGuidance(results));
}

export async function writeImage(out: string, name: string, content: string | Buffer): Promise<void> {
	await mkdir(join(out, "images"), { recursive: true });
	await writeFile(join(out, "images", name), content);
}
