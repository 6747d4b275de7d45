/**
 * The small files of a pipeline folder: read, checked, and named in every error.
 *
 * @module
 */
import { access, readFile } from "node:fs/promises";
import { DeDiffusionError } from "dediffusion/plugin";
import { z } from "zod";

/** A JSON file that fits a schema. @throws DeDiffusionError `MODEL_INVALID` naming the file. */
export async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
	const text = await read(path);
	let value: unknown;
	try {
		value = JSON.parse(withoutPythonNumbers(text));
	} catch (error) {
		throw invalid(path, "it is not JSON", error);
	}
	const checked = schema.safeParse(value);
	if (!checked.success) throw invalid(path, z.prettifyError(checked.error), checked.error);
	return checked.data;
}

/** As {@link readJson}; what a missing file would say is given. */
export async function readJsonOr<Schema extends z.ZodType>(
	missing: unknown,
	path: string,
	schema: Schema,
): Promise<z.output<Schema>> {
	const exists = await access(path).then(
		() => true,
		() => false,
	);
	return exists ? readJson(path, schema) : schema.parse(missing);
}

/** Python writes infinities and NaN into JSON, as `lambda_min_clipped` of a DPM-Solver file shows. */
function withoutPythonNumbers(text: string): string {
	return text.replaceAll(/"(?:[^"\\]|\\.)*"|Infinity|NaN/g, (match) =>
		match === "Infinity" ? "1e999" : match === "NaN" ? "null" : match,
	);
}

/** A text file. @throws DeDiffusionError `MODEL_INVALID` naming the file. */
export async function read(path: string): Promise<string> {
	try {
		return await readFile(path, "utf8");
	} catch (error) {
		const reason =
			(error as NodeJS.ErrnoException).code === "ENOENT" ? "the file is missing" : (error as Error).message;
		throw invalid(path, reason, error);
	}
}

/** The error for a file that cannot be used. */
export function invalid(path: string, reason: string, cause?: unknown): DeDiffusionError {
	return new DeDiffusionError("MODEL_INVALID", `The model file ${path} cannot be used: ${reason}`, {
		input: path,
		cause,
	});
}
