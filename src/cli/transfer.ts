/**
 * `dediffusion transfer FILE… --decoders a,b`: pictures compared across decoders, on a contact sheet and as JSON.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { loadConfiguration } from "../configuration.ts";
import type { PromptSource } from "../core/comparison/comparisons.ts";
import type { DecodeSettings } from "../core/decoding/settings.ts";
import type { Engine } from "../core/engine.ts";
import { pictureLimits } from "../core/models.ts";
import type { PictureLimits } from "../core/picture/picture.ts";
import type { CellRecord, ComparisonRecord } from "../core/store/records.ts";
import { DeDiffusionError } from "../plugins/index.ts";
import { drawContactSheet } from "./contact-sheet.ts";
import { readPictureFile, writeOutput } from "./files.ts";
import {
	list,
	numbers,
	type SettingOptions,
	type SharedOptions,
	settingsFrom,
	withSettings,
	withShared,
} from "./options.ts";
import { failureLine, measureInWords, Progress, printResult } from "./terminal.ts";

interface TransferOptions extends SharedOptions, SettingOptions {
	readonly decoders?: readonly string[];
	readonly encoders?: readonly string[];
	readonly seeds?: readonly number[];
	readonly guidanceScales?: readonly number[];
	readonly text?: readonly string[];
	readonly output: string;
}

/** How often the line of progress is drawn anew, in milliseconds. */
const refreshMs = 200;

export function addTransfer(program: Command): void {
	withSettings(withShared(program.command("transfer")), { oneSeed: false })
		.description("draw the texts of pictures with several decoders; write a contact sheet and JSON")
		.argument("[files...]", "the pictures")
		.option("--decoders <ids>", "decoders, separated by commas (default: all)", list)
		.option("--encoders <ids>", "encoders of the pictures, separated by commas (default: the first one)", list)
		.option("--seeds <numbers>", "seeds, separated by commas (default: one at random)", numbers)
		.option("--guidance-scales <numbers>", "guidance scales, separated by commas (default: the decoders' own)", numbers)
		.option("--text <text>", "a text to draw beside the pictures' own; may be given several times", collect)
		.option("-o, --output <folder>", "where to write contact-sheet.png, comparison.json and pictures/", "transfer")
		.action(transfer);
}

function collect(value: string, before: readonly string[] = []): string[] {
	return [...before, value];
}

async function transfer(files: readonly string[], options: TransferOptions): Promise<void> {
	const { engine: config } = await loadConfiguration({ file: options.config });
	const limits = pictureLimits(config);
	const settings = await settingsFrom(options, limits);
	const sources = await readSources(files, options, limits);
	// Its own store for the time of the command, so that it runs beside a server on the same data folder.
	const dataFolder = await mkdtemp(join(tmpdir(), "dediffusion-"));
	const progress = new Progress();
	try {
		progress.show("opening models");
		// Other commands need no database, which takes a second to load.
		const { createEngine } = await import("../core/engine.ts");
		const engine = await createEngine({ ...config, dataFolder });
		try {
			const comparison = await compare(engine, sources, settings, options, progress);
			await writeResults(engine, comparison, options);
		} finally {
			progress.end();
			await engine.close();
		}
	} finally {
		progress.end();
		await rm(dataFolder, { recursive: true, force: true });
	}
}

/** What is to be drawn; a slip in it is found before models are opened. */
async function readSources(
	files: readonly string[],
	options: TransferOptions,
	limits: PictureLimits,
): Promise<PromptSource[]> {
	const encoders = options.encoders ?? [undefined];
	const pictures = await Promise.all(
		files.map(async (file) => {
			const picture = { data: (await readPictureFile(file, limits)).bytes };
			return encoders.map((encoder) => ({
				label: encoders.length > 1 ? `${basename(file)} by ${encoder}` : basename(file),
				picture,
				encoder,
			}));
		}),
	);
	const texts = (options.text ?? []).map((text) => ({ label: text.slice(0, 40), text }));
	if (files.length + texts.length === 0) {
		throw new DeDiffusionError("INPUT_INVALID", "There is nothing to compare.", {
			input: "files",
			advice: "Name at least one picture, or give --text.",
		});
	}
	return [...pictures.flat(), ...texts];
}

async function compare(
	engine: Engine,
	sources: readonly PromptSource[],
	settings: DecodeSettings,
	options: TransferOptions,
	progress: Progress,
): Promise<ComparisonRecord> {
	const { id } = await engine.comparisons.transfer({
		sources,
		decoders: options.decoders ?? engine.decoders.list().map(({ id }) => id),
		seeds: options.seeds,
		guidanceScales: options.guidanceScales,
		settings,
	});
	const refresh = setInterval(async () => {
		const comparison = await engine.comparisons.get(id);
		progress.show(`drawing ${comparison.cells.length} pictures`, engine.comparisons.progress(comparison));
	}, refreshMs);
	try {
		await engine.comparisons.settled(id);
	} finally {
		clearInterval(refresh);
	}
	return engine.comparisons.get(id);
}

async function writeResults(engine: Engine, comparison: ComparisonRecord, options: TransferOptions): Promise<void> {
	const folder = options.output;
	const bytes = new Map<string, Uint8Array>();
	const named = [
		...comparison.sources.map(({ original }) => original),
		...comparison.cells.map(({ picture }) => picture),
	];
	for (const id of new Set(named.filter((id) => id !== undefined))) {
		const picture = await engine.pictures.get(id);
		bytes.set(id, picture.bytes);
		await writeOutput(join(folder, pictureFile(id, picture.mediaType)), picture.bytes);
	}
	await writeOutput(join(folder, "comparison.json"), `${JSON.stringify(comparison, null, 2)}\n`);
	await writeOutput(join(folder, "contact-sheet.png"), await drawContactSheet(sheetOf(comparison, bytes)));

	for (const { message } of comparison.sources.flatMap(({ warnings = [] }) => warnings)) {
		process.stderr.write(`${message}\n`);
	}
	for (const { decoder, error, result, metrics } of comparison.cells) {
		for (const { name, error } of metrics?.further ?? []) {
			if (error !== undefined) {
				process.stderr.write(`${name}: ${failureLine(error)}\n`);
			}
		}
		if (error !== undefined) {
			process.stderr.write(`${decoder}: ${failureLine(error)}\n`);
		}
		if (result?.filteredReason !== undefined) {
			process.stderr.write(`${decoder} kept a picture back: ${result.filteredReason}\n`);
		}
	}
	const drawn = comparison.cells.filter(({ status }) => status === "done").length;
	printResult(
		options.json,
		{ ...comparison, output: folder },
		[
			...comparison.sources.map(({ label, text }) => `${label}: ${text ?? "(not encoded)"}`),
			`${drawn} of ${comparison.cells.length} pictures in ${folder}; look at ${join(folder, "contact-sheet.png")}`,
		].join("\n"),
	);
	if (drawn === 0) {
		process.exitCode = 1;
	}
}

function pictureFile(id: string, mediaType: string): string {
	return join("pictures", `${id}.${mediaType.replace("image/", "")}`);
}

/** One row for each source, guidance scale and seed; the original first, then one column for each decoder. */
function sheetOf({ sources, cells }: ComparisonRecord, bytes: ReadonlyMap<string, Uint8Array>) {
	const decoders = [...new Set(cells.map(({ decoder }) => decoder))];
	const settingsOf = ({ settings: { seed, guidanceScale } }: CellRecord) =>
		`seed ${seed}${guidanceScale === undefined ? "" : `, scale ${guidanceScale}`}`;
	// Sources may share a label, as files of one name in two folders do: their place tells them apart.
	const rows = [...Map.groupBy(cells, (cell) => `${cell.source} ${settingsOf(cell)}`).values()].map((row) => {
		const [first] = row as [CellRecord];
		const label = `${sources[first.source]?.label}, ${settingsOf(first)}`;
		const original = sources[first.source]?.original;
		const drawn = decoders.map((decoder) => row.find((one) => one.decoder === decoder));
		const pictures = drawn.map((cell) => bytes.get(cell?.picture ?? "") ?? whyMissing(cell));
		const captions = drawn.map((cell) => cell?.metrics?.further?.map(measureInWords).join(", "));
		return { label, pictures: [bytes.get(original ?? ""), ...pictures], captions: [undefined, ...captions] };
	});
	return { columns: ["original", ...decoders], rows };
}

function whyMissing(cell: CellRecord | undefined): string | undefined {
	return cell?.result?.filteredReason === undefined
		? cell?.error?.code.replaceAll("_", " ").toLowerCase()
		: "kept back";
}
