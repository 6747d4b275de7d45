/**
 * Draws the held-out scenes where none are given: the one part of the measurements that is Python.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { repository } from "../dist.ts";

const run = promisify(execFile);

/** Debian's fonts-noto-color-emoji. */
const debianFont = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf";
const training = join(repository, "training");

export interface SceneDrawing {
	/** A folder of drawings or a font; undefined for Debian's font. */
	readonly emoji: string | undefined;
	readonly count: number;
	/** Folder to write to. */
	readonly output: string;
}

/**
 * Runs `draw-scenes` in the environment of training's tests, which is made if it is not there.
 *
 * @throws Error that says what is missing.
 */
export async function drawScenes({ emoji, count, output }: SceneDrawing): Promise<void> {
	const source = emoji === undefined ? await findFont() : resolve(emoji);
	const python = await environment();
	// A font has one style.
	const style = source.endsWith(".ttf") ? ["--set", "scenes.styles={flat: 1.0}"] : [];
	const command = ["-m", "dediffusion_training", "draw-scenes", "--config", "configs/scenes-in-place.yaml"];
	const paths = ["--emoji", source, "--count", String(count), "--output", output];
	await run(python, [...command, ...paths, ...style], { cwd: training, env: withSources() }).catch((cause: unknown) => {
		throw new Error(`The scenes could not be drawn: ${reasonOf(cause)}`, { cause });
	});
}

async function findFont(): Promise<string> {
	await access(debianFont).catch((cause: unknown) => {
		throw new Error(
			`There are no emoji to draw scenes with: ${debianFont} is missing. Install Debian's fonts-noto-color-emoji, name a folder of drawings with --emoji, or drawn scenes with --scenes.`,
			{ cause },
		);
	});
	return debianFont;
}

/** The Python that training's tests use. */
async function environment(): Promise<string> {
	try {
		const { stdout } = await run(join(training, "environment"), [], { cwd: training });
		return stdout.trim();
	} catch (cause) {
		throw new Error(
			`The Python environment for drawing scenes cannot be made; it needs uv (https://docs.astral.sh/uv/): ${reasonOf(cause)}`,
			{ cause },
		);
	}
}

function withSources(): NodeJS.ProcessEnv {
	const paths = [join(training, "src"), process.env.PYTHONPATH].filter((path) => path !== undefined);
	return { ...process.env, PYTHONPATH: paths.join(delimiter) };
}

/** The last line of what a process has written to standard error, which is where Python says why. */
function reasonOf(error: unknown): string {
	const written = (error as { readonly stderr?: string }).stderr?.trim().split("\n").at(-1);
	return written !== undefined && written !== "" ? written : String(error);
}
