/**
 * What all tests need before the first of them runs: those that start processes run what is published.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { makeTemplate } from "../src/core/store/database.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** Builds `dist`, in half a second when nothing changed, and the empty database that data folders start from. */
export async function setup(): Promise<void> {
	run("node_modules/typescript/bin/tsc", "-b", "tsconfig.server.json");
	run("scripts/make-executable.ts");
	await makeTemplate();
}

function run(...script: string[]): void {
	execFileSync(process.execPath, script, { cwd: repository, stdio: "inherit" });
}
