/**
 * Blobs: files under the SHA-256 of their content.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { access, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { storageError } from "./failures.ts";

const idForm = /^[0-9a-f]{64}$/;

export class Blobs {
	readonly #folder: string;

	constructor(folder: string) {
		this.#folder = folder;
	}

	/**
	 * Keeps bytes. A file appears under its name whole or not at all, and is on the disk when the call returns.
	 *
	 * @param id SHA-256 of the bytes, in hexadecimal.
	 * @throws DeDiffusionError `STORAGE_FULL`, `STORAGE_FAILED`.
	 */
	async put(id: string, bytes: Uint8Array): Promise<void> {
		const path = this.#path(id);
		const unfinished = `${path}.${randomUUID()}`;
		try {
			await mkdir(dirname(path), { recursive: true });
			const file = await open(unfinished, "wx");
			try {
				await file.writeFile(bytes);
				await file.sync();
			} finally {
				await file.close();
			}
			await rename(unfinished, path);
		} catch (error) {
			// What went wrong first is what its caller must know.
			await rm(unfinished, { force: true }).catch(() => undefined);
			throw storageError(error, "a picture");
		}
	}

	/** Whether there is a blob with this id. @throws DeDiffusionError `STORAGE_FAILED`. */
	async has(id: string): Promise<boolean> {
		try {
			await access(this.#path(id));
			return true;
		} catch (error) {
			if (isMissing(error)) {
				return false;
			}
			throw storageError(error, "a picture");
		}
	}

	/**
	 * @returns Undefined when there is no blob with this id.
	 * @throws DeDiffusionError `STORAGE_FAILED`.
	 */
	async get(id: string): Promise<Uint8Array | undefined> {
		if (!idForm.test(id)) {
			return undefined;
		}
		try {
			return await readFile(this.#path(id));
		} catch (error) {
			if (isMissing(error)) {
				return undefined;
			}
			throw storageError(error, "a picture");
		}
	}

	/** Two levels, because some file systems grow slow with many files in one folder. */
	#path(id: string): string {
		return join(this.#folder, id.slice(0, 2), id);
	}
}

function isMissing(error: unknown): boolean {
	return error instanceof Error && "code" in error && error.code === "ENOENT";
}
