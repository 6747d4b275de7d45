/**
 * `dediffusion encode FILE`: a picture to text.
 *
 * @module
 */
import type { Command } from "commander";
import { loadConfiguration } from "../configuration.ts";
import { openModels, pictureLimits } from "../core/models.ts";
import { readPictureFile } from "./files.ts";
import { number, type SharedOptions, withShared } from "./options.ts";
import { printResult } from "./terminal.ts";

interface EncodeOptions extends SharedOptions {
	readonly encoder?: string;
	readonly length?: number;
}

export function addEncode(program: Command): void {
	withShared(program.command("encode"))
		.description("turn a picture into De-Diffusion text")
		.argument("<file>", "the picture, or - for standard input")
		.option("--encoder <id>", "encoder (default: the first one)")
		.option("--length <tokens>", "how many tokens to give (default: all)", number)
		.action(encode);
}

async function encode(file: string, options: EncodeOptions): Promise<void> {
	const { engine: config } = await loadConfiguration({ file: options.config });
	const picture = await readPictureFile(file, pictureLimits(config));
	const models = await openModels({ ...config, plugins: [], decoders: {} });
	try {
		const { text, tokens, encoder } = await models.encoders
			.get(options.encoder)
			.encode(picture, { length: options.length });
		const readable = tokens.map(({ id, text, score }) => ({ id, text, score }));
		printResult(options.json, { text, encoder, tokens: readable, picture: picture.id }, text);
	} finally {
		await models.close();
	}
}
