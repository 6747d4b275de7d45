/**
 * Files that a command reads and writes.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Picture, type PictureLimits, readPicture } from "../core/picture/picture.ts";
import { DeDiffusionError } from "../plugins/index.ts";

/**
 * A picture from a file, or from standard input for `-`.
 *
 * @throws DeDiffusionError `INPUT_INVALID` if the file cannot be read, and what {@link readPicture} throws, naming the file.
 */
export async function readPictureFile(file: string, limits: PictureLimits): Promise<Picture> {
	return readPicture(await readBytes(file), limits, file);
}

async function readBytes(file: string): Promise<Uint8Array> {
	if (file === "-") {
		return buffer(process.stdin);
	}
	try {
		return await readFile(file);
	} catch (cause) {
		throw unusable(file, "read", cause);
	}
}

/** Writes a file, making its folder first. @throws DeDiffusionError `INPUT_INVALID` if that is not possible. */
export async function writeOutput(file: string, content: Uint8Array | string): Promise<void> {
	try {
		await mkdir(dirname(file), { recursive: true });
		await writeFile(file, content);
	} catch (cause) {
		throw unusable(file, "written", cause);
	}
}

function unusable(file: string, action: "read" | "written", cause: unknown): DeDiffusionError {
	const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
	return new DeDiffusionError("INPUT_INVALID", `The file ${file} cannot be ${action} (${reason}).`, {
		input: file,
		advice: "Check the path and the permissions.",
		cause,
	});
}
