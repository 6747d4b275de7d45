#!/usr/bin/env node
/**
 * The command line's door.
 *
 * @module
 */
import { Command } from "commander";
import { addEncode } from "./cli/encode.ts";
import { addReconstruct } from "./cli/reconstruct.ts";
import { addServe } from "./cli/serve.ts";
import { errorJson, friendlyLine } from "./cli/terminal.ts";
import { addTransfer } from "./cli/transfer.ts";

const program = new Command("dediffusion")
	.description("Pictures to text and back: De-Diffusion.")
	.showHelpAfterError("(add --help for more)");
addServe(program);
addEncode(program);
addReconstruct(program);
addTransfer(program);

try {
	await program.parseAsync();
} catch (error) {
	process.stderr.write(`${process.argv.includes("--json") ? errorJson(error) : friendlyLine(error)}\n`);
	process.exitCode = 1;
}
