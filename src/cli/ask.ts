/**
 * `dediffusion ask FILE QUESTION`: a picture to text, and the text to a language model with a question.
 *
 * @module
 */
import type { Command } from "commander";
import { loadConfiguration } from "../configuration.ts";
import { openModels, pictureLimits } from "../core/models.ts";
import { readPictureFile } from "./files.ts";
import { number, type SharedOptions, withShared } from "./options.ts";
import { printResult } from "./terminal.ts";

interface AskOptions extends SharedOptions {
	readonly encoder?: string;
	readonly languageModel?: string;
	readonly seed?: number;
	readonly temperature?: number;
	readonly maxTokens?: number;
}

export function addAsk(program: Command): void {
	withShared(program.command("ask"))
		.description("ask a language model about a picture of which it sees the text alone")
		.argument("<file>", "the picture, or - for standard input")
		.argument("<question>", "about the picture, or what to make of its text")
		.option("--encoder <id>", "encoder (default: the first one)")
		.option("--language-model <id>", "language model (default: the first one)")
		.option("--seed <number>", "start of the random numbers (default: 0)", number)
		.option("--temperature <number>", "0 to 2; 0 always takes the likeliest token (default: 0)", number)
		.option("--max-tokens <number>", "most tokens of the answer", number)
		.action(ask);
}

async function ask(file: string, question: string, options: AskOptions): Promise<void> {
	const { engine: config } = await loadConfiguration({ file: options.config });
	const picture = await readPictureFile(file, pictureLimits(config));
	const models = await openModels(config);
	try {
		const { text, encoder, warnings } = await models.encoders.get(options.encoder).encode(picture);
		const { seed, temperature, maxTokens } = options;
		const answer = await models.languageModels.ask({ text, question }, options.languageModel, {
			seed,
			temperature,
			maxTokens,
		});
		for (const { message } of [...warnings, ...answer.warnings]) {
			process.stderr.write(`${message}\n`);
		}
		printResult(options.json, { text, encoder, ...answer, picture: picture.id }, `${text}\n${answer.answer}`);
	} finally {
		await models.close();
	}
}
