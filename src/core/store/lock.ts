/**
 * One process at a time per data folder: the embedded database has no other guard.
 *
 * @module
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeDiffusionError } from "../../plugins/index.ts";

/**
 * Takes the folder for this process. A lock whose process is gone, e.g. killed, is taken over.
 *
 * @returns Gives the folder back.
 * @throws DeDiffusionError `STORAGE_FAILED` while another living process holds it.
 */
export function lockFolder(folder: string): () => void {
	const path = join(folder, "lock");
	for (const isLastTry of [false, true]) {
		try {
			writeFileSync(path, String(process.pid), { flag: "wx" });
			return () => rmSync(path, { force: true });
		} catch (error) {
			if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
				throw error;
			}
			const owner = Number(readFileSync(path, "utf8"));
			if (isLastTry || isAlive(owner)) {
				throw new DeDiffusionError("STORAGE_FAILED", `The data folder ${folder} is used by process ${owner}.`, {
					input: "dataFolder",
					advice: "Stop that process, or choose another folder with dataFolder or DEDIFFUSION_DATA.",
					retryable: true,
				});
			}
			rmSync(path, { force: true });
		}
	}
	throw new Error("unreachable");
}

function isAlive(pid: number): boolean {
	// A container gives each of its main processes the same number: an own number in a lock is a predecessor's.
	if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) {
		return false;
	}
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && "code" in error && error.code === "EPERM";
	}
}
