#!/usr/bin/env node
/**
 * The command line's door.
 *
 * @module
 */
import { createProgram } from "./cli/program.ts";
import { errorJson, friendlyLine } from "./cli/terminal.ts";

try {
	await createProgram().parseAsync();
} catch (error) {
	process.stderr.write(`${process.argv.includes("--json") ? errorJson(error) : friendlyLine(error)}\n`);
	process.exitCode = 1;
}
