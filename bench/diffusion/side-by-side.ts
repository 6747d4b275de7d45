/**
 * The server's pipeline beside optimum-onnx's: the same files, the same threads, in turn.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { built } from "../dist.ts";
import { median } from "../measure.ts";
import type { Finding } from "../report.ts";
import { script } from "./optimum.ts";
import { type Drawing, type Painter, startWorker } from "./worker.ts";

const { psnr } = await built<typeof import("../../src/core/metrics/psnr.ts")>("core/metrics/psnr.js");

export interface Sides {
	readonly ours: Painter;
	readonly theirs: Painter;
	/** From the start of a process to its first picture, in seconds. */
	readonly firstPicture: { readonly ours: number; readonly theirs: number };
}

export interface Measured {
	/** For people. */
	readonly name: string;
	readonly folder: string;
	readonly threads: number;
	readonly drawing: Drawing;
}

/** Starts the server's pipeline on a folder. */
export const startOurs = (folder: string, threads: number): Promise<Painter> =>
	startWorker("the server's pipeline", process.execPath, [
		fileURLToPath(new URL("./ours.ts", import.meta.url)),
		folder,
		String(threads),
	]);

/** Starts optimum-onnx on a folder. @param python Of optimum-onnx's environment. */
export const startTheirs = (python: string, folder: string, threads: number): Promise<Painter> =>
	startWorker("optimum-onnx", python, [script("draw.py"), folder, "--threads", String(threads)]);

/** Starts both sides, one after the other, and has each draw a first picture. */
export async function startSides(python: string, { folder, threads, drawing }: Measured): Promise<Sides> {
	const first = async (start: () => Promise<Painter>) => {
		const began = performance.now();
		const painter = await start();
		await painter.ask(drawing);
		return { painter, seconds: (performance.now() - began) / 1000 };
	};
	const theirs = await first(() => startTheirs(python, folder, threads));
	const ours = await first(() => startOurs(folder, threads));
	return {
		ours: ours.painter,
		theirs: theirs.painter,
		firstPicture: { ours: ours.seconds, theirs: theirs.seconds },
	};
}

/** How often each side draws: first so that its code is compiled as that of a server in use is, then with the clock. */
export interface Rounds {
	readonly warmUp: number;
	readonly measured: number;
}

/** Draws in turn, each side going first every other time. @returns Medians, in seconds, and the share of time outside of the runtime. */
export async function inTurn({ ours, theirs }: Pick<Sides, "ours" | "theirs">, drawing: Drawing, rounds: Rounds) {
	for (let round = 0; round < rounds.warmUp; round++) {
		for (const side of [ours, theirs]) await side.ask(drawing);
	}
	const seconds = { ours: [] as number[], theirs: [] as number[] };
	const outside: number[] = [];
	for (let round = 0; round < rounds.measured; round++) {
		for (const side of round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const)) {
			const drawn = await (side === "ours" ? ours : theirs).ask(drawing);
			seconds[side].push(drawn.seconds);
			if (drawn.runSeconds !== undefined) outside.push(1 - drawn.runSeconds / drawn.seconds);
		}
	}
	return { ours: median(seconds.ours), theirs: median(seconds.theirs), outside: median(outside) };
}

/** Compares the two sides. @param scratch Folder for the pictures that they are asked to draw alike. */
export async function compareSides(
	sides: Sides,
	{ name, drawing }: Measured,
	rounds: Rounds,
	scratch: string,
): Promise<Finding[]> {
	const times = await inTurn(sides, drawing, rounds);
	const { ours: first, theirs: firstOfTheirs } = sides.firstPicture;
	const outputs = { ours: join(scratch, "ours.bin"), theirs: join(scratch, "theirs.bin") };
	await sides.ours.ask({ ...drawing, output: outputs.ours });
	await sides.theirs.ask({ ...drawing, output: outputs.theirs });
	// The bytes of one picture or of several below each other.
	const { width } = drawing;
	const pixelsIn = async (file: string) => {
		const data = await readFile(file);
		return { kind: "pixels" as const, width, height: data.length / (3 * width), data };
	};
	const memory = [sides.ours.peakMemory(), sides.theirs.peakMemory()] as const;
	const findings: Finding[] = [
		{
			name: `${name}: pictures alike`,
			measured: psnr(await pixelsIn(outputs.ours), await pixelsIn(outputs.theirs)),
			budget: 50,
			atLeast: true,
			digits: 1,
			unit: "dB",
			details: "PSNR; anything less would be another computation",
		},
		{
			name: `${name}: time against optimum-onnx`,
			measured: times.ours / times.theirs,
			budget: 1,
			digits: 3,
			unit: "x",
			details: `${times.ours.toFixed(3)} s against ${times.theirs.toFixed(3)} s; medians of ${rounds.measured} rounds in turn, after ${rounds.warmUp} to warm up`,
		},
		{
			name: `${name}: time outside of ONNX runs`,
			measured: 100 * times.outside,
			budget: 2,
			digits: 2,
			unit: "%",
			details: `of ${times.ours.toFixed(3)} s`,
		},
		{
			name: `${name}: first picture after start against optimum-onnx`,
			measured: first / firstOfTheirs,
			budget: 1,
			digits: 3,
			unit: "x",
			details: `${first.toFixed(2)} s against ${firstOfTheirs.toFixed(2)} s, once, from the start of the process`,
		},
	];
	if (memory[0] !== undefined && memory[1] !== undefined) {
		const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
		findings.push({
			name: `${name}: peak memory against optimum-onnx`,
			measured: memory[0] / memory[1],
			budget: 1.05,
			digits: 3,
			unit: "x",
			details: `${megabytes(memory[0])} against ${megabytes(memory[1])}, of the whole process`,
		});
	}
	return findings;
}
