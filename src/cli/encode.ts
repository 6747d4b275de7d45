/**
 * `dediffusion encode FILE`: a picture to text.
 *
 * @module
 */
import type { Command } from "commander";
import { loadConfiguration } from "../configuration.ts";
import { type ModelsConfig, openModels, pictureLimits } from "../core/models.ts";
import { readPictureFile } from "./files.ts";
import { number, type SharedOptions, withShared } from "./options.ts";
import { printResult } from "./terminal.ts";

interface EncodeOptions extends SharedOptions {
	readonly encoder?: string;
	readonly length?: number;
	readonly seed?: number;
}

export function addEncode(program: Command): void {
	withShared(program.command("encode"))
		.description("turn a picture into De-Diffusion text")
		.argument("<file>", "the picture, or - for standard input")
		.option("--encoder <id>", "encoder (default: the first one)")
		.option("--length <tokens>", "how many tokens to give, of a captioner words (default: all)", number)
		.option("--seed <number>", "for an encoder that draws lots among words (default: 0)", number)
		.action(encode);
}

async function encode(file: string, options: EncodeOptions): Promise<void> {
	const { engine: config } = await loadConfiguration({ file: options.config });
	const picture = await readPictureFile(file, pictureLimits(config));
	const models = await openModels(withoutWhatIsNotNeeded(config, options.encoder));
	try {
		const { text, tokens, encoder, warnings } = await models.encoders
			.get(options.encoder)
			.encode(picture, { length: options.length, seed: options.seed });
		const readable = tokens.map(({ id, text, score }) => ({ id, text, score }));
		for (const { message } of warnings) {
			process.stderr.write(`${message}\n`);
		}
		printResult(options.json, { text, encoder, tokens: readable, warnings, picture: picture.id }, text);
	} finally {
		await models.close();
	}
}

/** An encoder of a folder needs no plugin: none is set up then, and none can fail. */
function withoutWhatIsNotNeeded(config: ModelsConfig, id: string | undefined): ModelsConfig {
	const entry = id === undefined ? config.encoders[0] : config.encoders.find((one) => one.id === id);
	return entry !== undefined && "folder" in entry
		? { ...config, encoders: [entry], plugins: [], decoders: {} }
		: config;
}
