/**
 * A pipeline folder's metadata: what its small files say, checked, without loading weights.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DeDiffusionError } from "dediffusion/plugin";
import { z } from "zod";
import { readSchedulers, type Schedulers } from "./schedulers/config.ts";
import { Tokenizer } from "./tokenizer.ts";

const pipelines = ["StableDiffusionPipeline", "OnnxStableDiffusionPipeline", "ORTStableDiffusionPipeline"];

const modelIndex = z.looseObject({ _class_name: z.string() });

const textEncoderConfig = z.looseObject({ max_position_embeddings: z.int().min(3).default(77) });

const unetConfig = z.looseObject({
	sample_size: z.union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])]),
	in_channels: z.literal(4, "only text-to-image U-Nets with 4 latent channels are supported").default(4),
	block_out_channels: z.array(z.int().positive()).min(1).default([320, 640, 1280, 1280]),
	addition_embed_type: z.null("additional conditions, as SDXL has them, are not supported").optional(),
	class_embed_type: z.null("class conditions are not supported").optional(),
	time_cond_proj_dim: z.null("guidance-distilled U-Nets are not supported").optional(),
});

const vaeConfig = z.looseObject({
	scaling_factor: z.number().positive().default(0.18215),
	shift_factor: z.number().nullish(),
	block_out_channels: z.array(z.int().positive()).min(1).default([128, 256, 512, 512]),
});

const specialToken = z.union([
	z.string().min(1),
	z.looseObject({ content: z.string().min(1) }).transform(({ content }) => content),
]);
const specialTokens = z.looseObject({
	bos_token: specialToken.optional(),
	eos_token: specialToken.optional(),
	unk_token: specialToken.optional(),
	pad_token: specialToken.optional(),
});
const tokenizerConfig = specialTokens.extend({ model_max_length: z.number().min(3).default(77) });
const vocabulary = z.record(z.string(), z.int().min(0));

/** The graphs of a pipeline by the names of their folders. */
export const graphNames = ["text_encoder", "unet", "vae_decoder"] as const;
export type GraphName = (typeof graphNames)[number];

/** A pipeline folder as a decoder needs it. */
export interface ModelFolder {
	/** Absolute. */
	readonly path: string;
	/** Absolute paths of the ONNX files; they may be missing until somebody opens them. */
	readonly graphs: Readonly<Record<GraphName, string>>;
	readonly tokenizer: Tokenizer;
	readonly schedulers: Schedulers;
	readonly latents: {
		readonly channels: number;
		/** The size that the U-Net was trained on, in latent cells. */
		readonly width: number;
		readonly height: number;
		/** Width and height must be multiples of this, because the U-Net halves them on its way down. */
		readonly multipleOf: number;
		/** Pixels per latent cell, along one side. */
		readonly pixels: number;
		/** The autoencoder's latents are `latents / scale + shift`. */
		readonly scale: number;
		readonly shift: number;
	};
}

/**
 * Reads the folder of an exported Stable Diffusion pipeline.
 *
 * @throws DeDiffusionError `MODEL_INVALID` naming the file that is missing or wrong, `SCHEDULER_UNKNOWN` for a scheduler
 *   class that is not supported.
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
	const path = resolve(folder);
	const index = await readJson(join(path, "model_index.json"), modelIndex);
	if (!pipelines.includes(index._class_name)) {
		throw invalid(
			join(path, "model_index.json"),
			`the pipeline is a ${index._class_name}; supported: ${pipelines.join(", ")}`,
		);
	}
	const schedulerFile = join(path, "scheduler", "scheduler_config.json");
	const [scheduler, text, unet, vae] = await Promise.all([
		readJson(schedulerFile, z.unknown()),
		readJson(join(path, "text_encoder", "config.json"), textEncoderConfig),
		readJson(join(path, "unet", "config.json"), unetConfig),
		readJson(join(path, "vae_decoder", "config.json"), vaeConfig),
	]);
	const [height, width] =
		typeof unet.sample_size === "number" ? [unet.sample_size, unet.sample_size] : unet.sample_size;
	return {
		path,
		graphs: {
			text_encoder: join(path, "text_encoder", "model.onnx"),
			unet: join(path, "unet", "model.onnx"),
			vae_decoder: join(path, "vae_decoder", "model.onnx"),
		},
		tokenizer: await readTokenizer(join(path, "tokenizer"), text.max_position_embeddings),
		schedulers: readSchedulers(scheduler, schedulerFile),
		latents: {
			channels: unet.in_channels,
			width,
			height,
			multipleOf: 2 ** (unet.block_out_channels.length - 1),
			pixels: 2 ** (vae.block_out_channels.length - 1),
			scale: vae.scaling_factor,
			shift: vae.shift_factor ?? 0,
		},
	};
}

/**
 * Reads the tokenizer of a pipeline folder.
 *
 * @param longest Positions that the text encoder has; a tokenizer that claims more is cut to them.
 * @throws DeDiffusionError `MODEL_INVALID` naming the file at fault.
 */
export async function readTokenizer(folder: string, longest: number): Promise<Tokenizer> {
	const [tokens, merges, config, map] = await Promise.all([
		readJson(join(folder, "vocab.json"), vocabulary),
		read(join(folder, "merges.txt")),
		readJson(join(folder, "tokenizer_config.json"), tokenizerConfig),
		readJson(join(folder, "special_tokens_map.json"), specialTokens),
	]);
	const end = config.eos_token ?? map.eos_token ?? "<|endoftext|>";
	try {
		return new Tokenizer({
			vocabulary: tokens,
			merges: merges
				.split(/\r?\n/)
				.filter((line, index) => line !== "" && !(index === 0 && line.startsWith("#version"))),
			bosToken: config.bos_token ?? map.bos_token ?? "<|startoftext|>",
			eosToken: end,
			unknownToken: config.unk_token ?? map.unk_token ?? end,
			padToken: config.pad_token ?? map.pad_token ?? end,
			maxLength: Math.floor(Math.min(config.model_max_length, longest)),
		});
	} catch (error) {
		throw invalid(join(folder, "vocab.json"), (error as Error).message, error);
	}
}

async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
	const text = await read(path);
	let value: unknown;
	try {
		value = JSON.parse(withoutPythonNumbers(text));
	} catch (error) {
		throw invalid(path, "it is not JSON", error);
	}
	const checked = schema.safeParse(value);
	if (!checked.success) throw invalid(path, z.prettifyError(checked.error), checked.error);
	return checked.data;
}

/** Python writes infinities and NaN into JSON, as `lambda_min_clipped` of a DPM-Solver file shows. */
function withoutPythonNumbers(text: string): string {
	return text.replaceAll(/"(?:[^"\\]|\\.)*"|Infinity|NaN/g, (match) =>
		match === "Infinity" ? "1e999" : match === "NaN" ? "null" : match,
	);
}

async function read(path: string): Promise<string> {
	try {
		return await readFile(path, "utf8");
	} catch (error) {
		const reason =
			(error as NodeJS.ErrnoException).code === "ENOENT" ? "the file is missing" : (error as Error).message;
		throw invalid(path, reason, error);
	}
}

function invalid(path: string, reason: string, cause?: unknown): DeDiffusionError {
	return new DeDiffusionError("MODEL_INVALID", `The model file ${path} cannot be used: ${reason}`, {
		input: path,
		cause,
	});
}
