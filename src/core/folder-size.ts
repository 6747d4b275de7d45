/**
 * How much of the disk a model takes.
 *
 * @module
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of all files below a folder, where links count as what they lead to, each once; 0 where there is none. */
export async function folderSize(folder: string): Promise<number> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
	const sizes = new Map<string, number>();
	for (const entry of entries.filter((entry) => !entry.isDirectory())) {
		const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
		if (found?.isFile()) sizes.set(`${found.dev}:${found.ino}`, found.size);
	}
	return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
