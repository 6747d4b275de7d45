/**
 * All commands of `dediffusion`.
 *
 * @module
 */
import { Command } from "commander";
import { addAsk } from "./ask.ts";
import { addEncode } from "./encode.ts";
import { addModels } from "./models.ts";
import { addPlugin } from "./plugin.ts";
import { addReconstruct } from "./reconstruct.ts";
import { addServe } from "./serve.ts";
import { addTransfer } from "./transfer.ts";

export function createProgram(): Command {
	const program = new Command("dediffusion")
		.description("Pictures to text and back: De-Diffusion.")
		.showHelpAfterError("(add --help for more)");
	addServe(program);
	addEncode(program);
	addReconstruct(program);
	addTransfer(program);
	addAsk(program);
	addModels(program);
	addPlugin(program);
	return program;
}
