/**
 * `dediffusion reconstruct FILE -o OUT`: a picture to text and the text alone to a picture again.
 *
 * @module
 */
import type { Command } from "commander";
import { loadConfiguration } from "../configuration.ts";
import { openModels, pictureLimits } from "../core/models.ts";
import { DeDiffusionError } from "../plugins/index.ts";
import { readPictureFile, writeOutput } from "./files.ts";
import { number, type SettingOptions, type SharedOptions, settingsFrom, withSettings, withShared } from "./options.ts";
import { measureInWords, Progress, printResult } from "./terminal.ts";

interface ReconstructOptions extends SharedOptions, SettingOptions {
	readonly output: string;
	readonly decoder?: string;
	readonly encoder?: string;
	readonly length?: number;
}

export function addReconstruct(program: Command): void {
	withSettings(withShared(program.command("reconstruct")), { oneSeed: true })
		.description("turn a picture into text, and the text alone into a picture again")
		.argument("<file>", "the picture, or - for standard input")
		.requiredOption("-o, --output <file>", "where to write the new picture (PNG)")
		.option("--decoder <id>", "decoder (default: the first one)")
		.option("--encoder <id>", "encoder (default: the first one)")
		.option("--length <tokens>", "how many tokens to use, of a captioner words (default: all)", number)
		.action(reconstruct);
}

async function reconstruct(file: string, options: ReconstructOptions): Promise<void> {
	const { engine: config } = await loadConfiguration({ file: options.config });
	const limits = pictureLimits(config);
	const settings = await settingsFrom(options, limits);
	const original = await readPictureFile(file, limits);
	const models = await openModels(config);
	const progress = new Progress();
	try {
		const decoder = options.decoder ?? models.decoders.list()[0]?.id ?? "";
		models.decoders.checkSettings(decoder, settings);
		progress.show("encoding");
		const encoder = models.encoders.get(options.encoder);
		const encoded = await encoder.encode(original, { length: options.length });
		const { text } = encoded;
		const { decoding, metrics } = await models.decodeFor(original, encoded, decoder, {
			settings,
			onProgress: ({ fraction, message }) => progress.show(message ?? "drawing", fraction),
		});
		progress.end();
		if (decoding.picture === undefined) {
			throw new DeDiffusionError("CONTENT_FILTERED", `${decoder} kept the picture back: ${decoding.filteredReason}.`);
		}
		await writeOutput(options.output, decoding.picture.bytes);
		const { seed, effectivePrompt, warnings, durationMs } = decoding;
		for (const { message } of [...encoded.warnings, ...warnings]) {
			process.stderr.write(`${message}\n`);
		}
		printResult(
			options.json,
			{
				text,
				encoder: encoder.info.id,
				decoder,
				seed,
				effectivePrompt,
				warnings,
				durationMs,
				metrics,
				output: options.output,
			},
			`${text}\n${options.output}: seed ${seed}, PSNR ${metrics?.psnr?.toFixed(2) ?? "-"} dB, SSIM ${metrics?.ssim?.toFixed(3) ?? "-"}${(metrics?.further ?? []).map((one) => `, ${measureInWords(one)}`).join("")}`,
		);
	} finally {
		progress.end();
		await models.close();
	}
}
