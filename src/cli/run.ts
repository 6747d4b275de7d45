/**
 * One command, from the process's arguments to its exit code.
 *
 * @module
 */
import { createProgram } from "./program.ts";
import { errorJson, friendlyLine } from "./terminal.ts";

/** Runs what the arguments ask for. An error is one line on standard error, and the exit code is 1. */
export async function runCommandLine(): Promise<void> {
	try {
		await createProgram().parseAsync();
	} catch (error) {
		process.stderr.write(`${process.argv.includes("--json") ? errorJson(error) : friendlyLine(error)}\n`);
		process.exitCode = 1;
	}
}
