/**
 * Python's side: optimum-onnx in an environment of its own, and models in its format.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { repository } from "../dist.ts";

const run = promisify(execFile);
const training = join(repository, "training");

/** A script of training/optimum. */
export const script = (name: string): string => join(training, "optimum", name);

/** The Python of optimum-onnx's environment, which is made where it is missing: some minutes, a few gigabytes. */
export async function optimumPython(): Promise<string> {
	const { stdout } = await run(join(training, "environment"), ["optimum"]);
	return stdout.trim();
}

/** A model in Stable Diffusion 1.5's shape, smaller where that is asked for. */
export interface Shape {
	/** Share of the channels; 1 for all. */
	readonly width: number;
	/** Layers of each block; Stable Diffusion 1.5 has 2. */
	readonly depth: number;
	/** Pixels of each side. */
	readonly size: number;
}

/** The folder of a model with that shape and random weights, which is made where it is missing. */
export async function shapedModel(python: string, scratch: string, { width, depth, size }: Shape): Promise<string> {
	const folder = join(scratch, `sd15-width-${width}-depth-${depth}-${size}`);
	if (existsSync(folder)) return folder;
	await mkdir(scratch, { recursive: true });
	const tokenizer = join(repository, "models", "scenes-a", "tokenizer");
	const shape = ["--width", String(width), "--depth", String(depth), "--size", String(size)];
	await run(python, [script("build.py"), tokenizer, folder, ...shape], { maxBuffer: 2 ** 26 });
	return folder;
}
