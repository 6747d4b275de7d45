/**
 * What the runtime's options change for a model's U-Net, each beside the server's own settings in turn.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { InferenceSession } from "onnxruntime-node";
import { median } from "../measure.ts";
import { script } from "./optimum.ts";
import type { SessionRun, SessionSetting } from "./session.ts";
import type { Measured } from "./side-by-side.ts";
import { startWorker, type Worker } from "./worker.ts";

/** A way to run the U-Net, and how it compares with the server's: below 1 is better. */
export interface Variant {
	readonly name: string;
	/** Undefined where it could not be tried. */
	readonly compared?: {
		readonly run: number;
		readonly open: number;
		readonly memory: number | undefined;
		/** How far its outputs are from the server's, as a share of their deviation. */
		readonly difference: number;
	};
	/** Why it could not be tried. */
	readonly failure?: string;
}

type Options = InferenceSession.SessionOptions;
type Session = Worker<string | null, SessionRun>;

/** Measures each variant against the server's settings, which run beside it in a process of their own. */
export async function measureVariants(
	python: string,
	model: Measured,
	rounds: number,
	scratch: string,
): Promise<Variant[]> {
	const folder = join(scratch, "graphs");
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	const path = join(model.folder, "unet", "model.onnx");
	const made = await promisify(execFile)(python, [script("variants.py"), path, folder], { maxBuffer: 2 ** 26 });
	const failures = JSON.parse(made.stdout.trim().split("\n").at(-1) ?? "{}") as Record<string, string>;
	const { drawing, threads } = model;
	// The plugin's settings: see src/core/inference/worker.ts.
	const own: Options = {
		intraOpNumThreads: threads,
		interOpNumThreads: 1,
		extra: { session: { intra_op: { allow_spinning: "1" }, force_spinning_stop: "1" } },
	};
	const config = async (part: string) => JSON.parse(await readFile(join(model.folder, part, "config.json"), "utf8"));
	const [text, unet, vae] = await Promise.all(["text_encoder", "unet", "vae_decoder"].map(config));
	const pixels = 2 ** (vae.block_out_channels.length - 1);
	const setting = (change: Options = {}, graph = path): SessionSetting => ({
		path: graph,
		options: { ...own, ...change },
		// With guidance there are two of each sample.
		dims: [2, unet.in_channels, drawing.height / pixels, drawing.width / pixels],
		tokens: text.max_position_embeddings,
	});
	const cached = join(folder, "cached.onnx");
	const variants: [string, () => Promise<SessionSetting> | SessionSetting][] = [
		["the same again", () => setting()],
		...(["disabled", "basic", "extended"] as const).map((level): [string, () => SessionSetting] => [
			`optimisation: ${level}`,
			() => setting({ graphOptimizationLevel: level }),
		]),
		[
			"optimised graph from a file",
			async () => {
				await (await open("cache", setting({ optimizedModelFilePath: cached }))).close();
				return setting({ graphOptimizationLevel: "disabled" }, cached);
			},
		],
		...[1, 2, 4]
			.filter((count) => count !== threads)
			.map((count): [string, () => SessionSetting] => [
				`threads: ${count}`,
				() => setting({ intraOpNumThreads: count }),
			]),
		["threads that never spin", () => setting({ extra: { session: { intra_op: { allow_spinning: "0" } } } })],
		["threads that spin between runs too", () => setting({ extra: {} })],
		["no memory arena", () => setting({ enableCpuMemArena: false })],
		["no memory pattern", () => setting({ enableMemPattern: false })],
		...["float16", "float32", "int8", "fused"].map((graph): [string, () => SessionSetting] => [
			names[graph] as string,
			() => {
				const file = join(folder, graph, "model.onnx");
				if (!existsSync(file)) throw new Error(failures[graph] ?? "it was not made");
				return setting({}, file);
			},
		]),
	];
	const results: Variant[] = [];
	for (const [name, settingOf] of variants) {
		try {
			results.push({ name, compared: await compare(setting(), await settingOf(), rounds, folder) });
		} catch (error) {
			results.push({ name, failure: (error as Error).message.trim().split("\n").at(-1) ?? "" });
		}
	}
	return results;
}

const names: Readonly<Record<string, string>> = {
	float16: "weights stored in float16",
	float32: "weights stored in float32",
	int8: "matrices in int8",
	fused: "attention and norms fused",
};

const open = (name: string, setting: SessionSetting): Promise<Session> =>
	startWorker(name, process.execPath, [
		fileURLToPath(new URL("./session.ts", import.meta.url)),
		JSON.stringify(setting),
	]);

async function compare(
	own: SessionSetting,
	other: SessionSetting,
	rounds: number,
	folder: string,
): Promise<NonNullable<Variant["compared"]>> {
	const sessions = [await open("the server's settings", own)];
	try {
		sessions.push(await open("the variant", other));
		const runs: SessionRun[][] = [[], []];
		for (let round = -1; round < rounds; round++) {
			for (const [index, session] of sessions.entries()) {
				const output = round < 0 ? join(folder, `output-${index}.bin`) : null;
				const run = await session.ask(output);
				if (round >= 0) runs[index]?.push(run);
			}
		}
		const [ours, theirs] = runs.map((side) => ({
			run: median(side.map(({ seconds }) => seconds)),
			open: side[0]?.openSeconds ?? Number.NaN,
		})) as [{ run: number; open: number }, { run: number; open: number }];
		const [ourMemory, theirMemory] = sessions.map((session) => session.peakMemory());
		return {
			run: theirs.run / ours.run,
			open: theirs.open / ours.open,
			memory: ourMemory === undefined || theirMemory === undefined ? undefined : theirMemory / ourMemory,
			difference: differenceOf(await floats(join(folder, "output-0.bin")), await floats(join(folder, "output-1.bin"))),
		};
	} finally {
		await Promise.all(sessions.map((session) => session.close()));
	}
}

async function floats(file: string): Promise<Float32Array> {
	const bytes = await readFile(file);
	return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Root of the mean square difference over that of the values themselves. */
function differenceOf(expected: Float32Array, actual: Float32Array): number {
	const squares = expected.reduce((sum, value, index) => sum + (value - (actual[index] as number)) ** 2, 0);
	return Math.sqrt(squares / expected.reduce((sum, value) => sum + value ** 2, 0));
}

/** A table in Markdown. */
export function describeVariants(model: string, variants: readonly Variant[]): string {
	const ratio = (value: number | undefined) => (value === undefined ? "" : value.toFixed(2));
	const rows = variants.map(({ name, compared, failure }) =>
		compared === undefined
			? `| ${name} | not possible: ${failure} | | | |`
			: `| ${name} | ${ratio(compared.run)} | ${ratio(compared.open)} | ${ratio(compared.memory)} | ${compared.difference.toExponential(0)} |`,
	);
	return [
		`The U-Net of ${model}, beside the server's settings`,
		"",
		"| variant | run | opening | peak memory | difference |",
		"| --- | --- | --- | --- | --- |",
		...rows,
		"",
	].join("\n");
}
