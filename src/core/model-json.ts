/**
 * The JSON files of model folders, read and checked.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { DeDiffusionError } from "../plugins/index.ts";

/** Three numbers for red, green and blue. */
export const colourSchema = z.tuple([z.number(), z.number(), z.number()]);
/** Three numbers that may be divided by. */
export const positiveColourSchema = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);

/** @throws DeDiffusionError `MODEL_INVALID`, naming the file. */
export async function readModelJson(path: string): Promise<unknown> {
	try {
		return JSON.parse(await readFile(path, "utf8"));
	} catch (cause) {
		throw new DeDiffusionError("MODEL_INVALID", `${path} is missing or no JSON.`, { input: path, cause });
	}
}

/** @throws DeDiffusionError `MODEL_INVALID`, naming the file and the field. */
export function checkModelJson<Schema extends z.ZodType>(
	schema: Schema,
	json: unknown,
	path: string,
): z.output<Schema> {
	const checked = schema.safeParse(json);
	if (!checked.success) {
		throw new DeDiffusionError("MODEL_INVALID", `${path} is wrong: ${z.prettifyError(checked.error)}`, {
			input: path,
			cause: checked.error,
		});
	}
	return checked.data;
}

/** @throws DeDiffusionError `MODEL_VERSION_UNKNOWN`, naming the file. */
export function requireVersion(version: number, known: readonly number[], path: string): void {
	if (!known.includes(version)) {
		throw new DeDiffusionError(
			"MODEL_VERSION_UNKNOWN",
			`${path} has format version ${version}; this release reads ${known.join(", ")}.`,
			{ input: path },
		);
	}
}
