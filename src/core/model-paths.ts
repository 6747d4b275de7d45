/**
 * Where models lie on this machine, which is nobody's business who asks from another: errors name their files by the
 * models' ids.
 *
 * @module
 */
import { basename, dirname, isAbsolute, resolve, sep } from "node:path";
import { DeDiffusionError } from "../plugins/index.ts";

export class ModelPaths {
	/** Folders and the names that stand for them, the longest first: one may lie in another. */
	#folders: (readonly [folder: string, name: string])[] = [];
	readonly #log: (message: string) => void;
	readonly #logged = new Set<string>();

	/** @param log Is told once what an error said with the whole path, for whoever runs the server. */
	constructor(log: (message: string) => void) {
		this.#log = log;
	}

	/** From now on, files of the folder are named after the model. */
	add(id: string, folder: string): void {
		this.#folders.push([resolve(folder), id]);
		this.#folders.sort(([one], [other]) => other.length - one.length);
	}

	/** The error itself where it names no file of this machine; else a copy with names in place of paths, and it as the cause. */
	error<Thrown>(error: Thrown): Thrown | DeDiffusionError {
		if (!DeDiffusionError.is(error)) {
			return error;
		}
		const { code, retryable, retryAfterMs } = error;
		const shown = (text: string) => this.#shown(text, error.input);
		const input = error.input === undefined ? undefined : shown(error.input);
		const message = shown(error.message);
		const advice = shown(error.advice);
		if (message === error.message && input === error.input && advice === error.advice) {
			return error;
		}
		if (!this.#logged.has(error.message)) {
			this.#logged.add(error.message);
			this.#log(error.message);
		}
		return new DeDiffusionError(code, message, {
			advice,
			retryable,
			...(input !== undefined && { input }),
			...(retryAfterMs !== undefined && { retryAfterMs }),
			cause: error,
		});
	}

	#shown(text: string, input: string | undefined): string {
		const named = this.#folders.reduce(
			(rest, [folder, name]) =>
				// The folder itself or a file in it, and not a folder whose name only begins in the same way.
				rest.replace(new RegExp(`${escaped(folder)}(?=$|[^\\w.-])`, "g"), () => name),
			text,
		);
		// A file of a plugin that does not tell where its models are.
		return input !== undefined && isAbsolute(input)
			? named.replaceAll(input, () => `${basename(dirname(input))}${sep}${basename(input)}`)
			: named;
	}
}

function escaped(text: string): string {
	return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
