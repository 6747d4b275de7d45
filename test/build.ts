/**
 * What all tests need before the first of them runs: those that start processes run what is published.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { prepareDataFolder } from "./data-folder.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** Builds `dist`, in half a second when nothing changed, and a data folder to copy. */
export async function setup(): Promise<void> {
	const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
	execFileSync(process.execPath, [compiler, "-b", "tsconfig.server.json"], { cwd: repository, stdio: "inherit" });
	await prepareDataFolder();
}
