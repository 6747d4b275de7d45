/**
 * A pipeline folder's metadata: what its small files say, checked, without loading weights.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { invalid, readJson, readJsonOr } from "./json-file.ts";
import { readSchedulers, type Schedulers } from "./schedulers/config.ts";
import { readGraphSizes } from "./sizes.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { readTokenizer, tokenizerFiles } from "./tokenizer-folder.ts";

/** What a request may leave to the model, as diffusers' pipelines have it. */
interface FamilyDefaults {
	readonly steps: number;
	readonly guidanceScale: number;
}

interface Family {
	/** For people. */
	readonly name: string;
	readonly isXl: boolean;
	/** See {@link ModelFolder}. */
	readonly spreadsSteps: boolean;
	readonly defaults: FamilyDefaults;
}

const stableDiffusion: Family = {
	name: "Stable Diffusion",
	isXl: false,
	spreadsSteps: false,
	defaults: { steps: 25, guidanceScale: 7.5 },
};
const xl: Family = {
	name: "Stable Diffusion XL",
	isXl: true,
	spreadsSteps: false,
	defaults: { steps: 25, guidanceScale: 5 },
};
const latentConsistency: Family = {
	name: "latent consistency model",
	isXl: false,
	spreadsSteps: true,
	defaults: { steps: 4, guidanceScale: 8.5 },
};

/** Pipelines by the class that `model_index.json` names: diffusers', its old ONNX ones', optimum's. */
const pipelines: Readonly<Record<string, Family>> = {
	StableDiffusionPipeline: stableDiffusion,
	OnnxStableDiffusionPipeline: stableDiffusion,
	ORTStableDiffusionPipeline: stableDiffusion,
	StableDiffusionXLPipeline: xl,
	ORTStableDiffusionXLPipeline: xl,
	LatentConsistencyModelPipeline: latentConsistency,
	ORTLatentConsistencyModelPipeline: latentConsistency,
};

const modelIndex = z.looseObject({
	_class_name: z.string(),
	/** SDXL: a missing negative prompt counts as zeros, not as an empty text. */
	force_zeros_for_empty_prompt: z.boolean().default(true),
	requires_aesthetics_score: z.literal(false, "SDXL's refiner is not supported").nullish(),
});

const textEncoderConfig = z.looseObject({ max_position_embeddings: z.int().min(3).default(77) });

const unetConfig = z.looseObject({
	sample_size: z.union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])]),
	in_channels: z.int().positive().default(4),
	block_out_channels: z.array(z.int().positive()).min(1).default([320, 640, 1280, 1280]),
	addition_embed_type: z.literal("text_time", "only SDXL's additional conditions are supported").nullish(),
	class_embed_type: z.null("class conditions are not supported").optional(),
	/** U-Nets that were distilled with guidance are told its scale, in so many numbers. */
	time_cond_proj_dim: z.int().min(2).nullish(),
});

const vaeConfig = z.looseObject({
	latent_channels: z.int().positive().default(4),
	scaling_factor: z.number().positive().default(0.18215),
	shift_factor: z.number().nullish(),
	latents_mean: z.array(z.number()).nullish(),
	latents_std: z.array(z.number().positive()).nullish(),
	block_out_channels: z.array(z.int().positive()).min(1).default([128, 256, 512, 512]),
});

/** The oldest exporter wrote no configuration for the parts of a pipeline, because there was only Stable Diffusion 1. */
const beforeConfigs = "OnnxStableDiffusionPipeline";

/** The graphs of a pipeline by the names of their folders. */
export type GraphName = "text_encoder" | "text_encoder_2" | "unet" | "vae_decoder" | "vae_encoder";

/** A text encoder and the tokenizer that belongs to it. */
export interface TextEncoder {
	readonly graph: GraphName;
	readonly tokenizer: Tokenizer;
}

/** A pipeline folder as a decoder needs it. */
export interface ModelFolder {
	/** Absolute. */
	readonly path: string;
	/** The kind of model, for people. */
	readonly family: string;
	/**
	 * Absolute paths of the ONNX files; they may be missing until somebody opens them. `vae_encoder`, which only starting from
	 * pictures needs, is listed where it is there.
	 */
	readonly graphs: ReadonlyMap<GraphName, string>;
	/** One, or two whose outputs are joined. */
	readonly textEncoders: readonly [TextEncoder, ...TextEncoder[]];
	readonly schedulers: Schedulers;
	/** Whether the U-Net is told sizes and a summary of the text besides its tokens, as SDXL's is. */
	readonly isXl: boolean;
	/** Whether a missing negative prompt counts as zeros, not as an empty text. */
	readonly hasZerosForMissingNegative: boolean;
	/** Whether steps from a picture are spread over the noise levels that are left, instead of left out. */
	readonly spreadsSteps: boolean;
	/** In how many numbers the U-Net is told the guidance scale; undefined when guidance takes two predictions. */
	readonly guidanceNumbers: number | undefined;
	/** What is used where neither a request nor the plugin's options say otherwise. */
	readonly defaults: FamilyDefaults;
	readonly latents: {
		readonly channels: number;
		/** The size that the U-Net was trained on, or the only one that its graph takes, in latent cells. */
		readonly width: number;
		readonly height: number;
		/** Whether the graph takes that size alone. */
		readonly isFixed: boolean;
		/** The least side, in latent cells: all halvings of the U-Net leave one of it. */
		readonly smallest: number;
		/** Width and height must be multiples of this: of all halvings, or of 1 where the graph takes every size. */
		readonly multipleOf: number;
		/** Pixels per latent cell, along one side. */
		readonly pixels: number;
		/** The autoencoder's latents are `latents * scale + shift`, channel by channel. */
		readonly scale: readonly number[];
		readonly shift: readonly number[];
	};
}

/** What `model_index.json` says, and the files that such a pipeline is made of, by their paths inside of its folder. */
export interface PipelineIndex {
	/** The class that it names. */
	readonly className: string;
	/** The kind of model, for people. */
	readonly family: string;
	/** The small files that the folder must have. */
	readonly metadata: readonly string[];
	/** Files that older folders may lack. */
	readonly optional: readonly string[];
	readonly graphs: readonly string[];
	/** Graphs that a folder may lack, at the cost of what they are for. */
	readonly optionalGraphs: readonly string[];
}

/** The file that says what a folder holds. */
export const indexName = "model_index.json";

/**
 * Reads what a pipeline folder claims to be.
 *
 * @throws DeDiffusionError `MODEL_INVALID` if it does not say, or is of a class that is not supported.
 */
export async function readIndex(folder: string): Promise<PipelineIndex> {
	const { index, family } = await readFamily(resolve(folder));
	const encoders = encodersOf(family);
	const parts = [...encoders, "unet", "vae_decoder"];
	const configs = parts.map((part) => `${part}/config.json`);
	const isOld = index._class_name === beforeConfigs;
	return {
		className: index._class_name,
		family: family.name,
		metadata: [
			indexName,
			"scheduler/scheduler_config.json",
			...encoders.flatMap((encoder) => tokenizerFiles.map((file) => `${tokenizerOf(encoder)}/${file}`)),
			...(isOld ? [] : configs),
		],
		optional: isOld ? configs : [],
		graphs: parts.map((part) => `${part}/${graphFile}`),
		optionalGraphs: [`${pictureEncoder}/${graphFile}`],
	};
}

async function readFamily(path: string): Promise<{ index: z.output<typeof modelIndex>; family: Family }> {
	const file = join(path, indexName);
	const index = await readJson(file, modelIndex);
	const family = Object.hasOwn(pipelines, index._class_name) ? pipelines[index._class_name] : undefined;
	if (family === undefined) {
		throw invalid(file, `the pipeline is a ${index._class_name}; supported: ${Object.keys(pipelines).join(", ")}`);
	}
	return { index, family };
}

const encodersOf = ({ isXl }: Family): readonly [GraphName, ...GraphName[]] =>
	isXl ? ["text_encoder", "text_encoder_2"] : ["text_encoder"];

const tokenizerOf = (encoder: GraphName): string => encoder.replace("text_encoder", "tokenizer");

/** Each graph has a folder of its own, in which it has this name. */
const graphFile = "model.onnx";

const pictureEncoder = "vae_encoder" satisfies GraphName;

/** What a folder lacks for starting from a picture, for people; undefined when it lacks nothing. */
export function whyNoInitialImage({ path, graphs }: ModelFolder): string | undefined {
	if (graphs.has(pictureEncoder)) return undefined;
	const missing = join(path, pictureEncoder, graphFile);
	return `Starting from a picture needs the graph ${missing}, which is missing: export the autoencoder's encoder too.`;
}

/**
 * Reads the folder of an exported Stable Diffusion pipeline.
 *
 * @throws DeDiffusionError `MODEL_INVALID` naming the file that is missing or wrong, `SCHEDULER_UNKNOWN` for a scheduler
 *   class that is not supported.
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
	const path = resolve(folder);
	const { index, family } = await readFamily(path);
	const isOld = index._class_name === beforeConfigs;
	const config = <Schema extends z.ZodType>(part: string, schema: Schema) => {
		const file = join(path, part, "config.json");
		return isOld ? readJsonOr({ sample_size: 64 }, file, schema) : readJson(file, schema);
	};
	const encoderNames = encodersOf(family);
	const schedulerFile = join(path, "scheduler", "scheduler_config.json");
	const graphPath = (name: GraphName) => join(path, name, graphFile);
	const [scheduler, sizes, unet, vae, ...textEncoders] = await Promise.all([
		readJson(schedulerFile, z.unknown()),
		readGraphSizes(graphPath("unet")),
		config("unet", unetConfig),
		config("vae_decoder", vaeConfig),
		...encoderNames.map(async (graph): Promise<TextEncoder> => {
			const { max_position_embeddings: longest } = await config(graph, textEncoderConfig);
			return { graph, tokenizer: await readTokenizer(join(path, tokenizerOf(graph)), longest) };
		}),
	]);
	if (unet.in_channels !== vae.latent_channels) {
		throw invalid(
			join(path, "unet", "config.json"),
			`the U-Net takes ${unet.in_channels} channels where the autoencoder's latents have ${vae.latent_channels}: a model for inpainting or the like`,
		);
	}
	if (family.isXl !== (unet.addition_embed_type === "text_time")) {
		const wanted = family.isXl ? "needs" : "has no use for";
		throw invalid(join(path, "unet", "config.json"), `a ${index._class_name} ${wanted} SDXL's additional conditions`);
	}
	const optional: GraphName[] = existsSync(graphPath(pictureEncoder)) ? [pictureEncoder] : [];
	const [height, width] =
		typeof unet.sample_size === "number" ? [unet.sample_size, unet.sample_size] : unet.sample_size;
	const smallest = 2 ** (unet.block_out_channels.length - 1);
	return {
		path,
		family: family.name,
		graphs: new Map(
			[...encoderNames, "unet" as const, "vae_decoder" as const, ...optional].map((name) => [name, graphPath(name)]),
		),
		textEncoders: textEncoders as [TextEncoder, ...TextEncoder[]],
		schedulers: readSchedulers(scheduler, schedulerFile),
		isXl: family.isXl,
		hasZerosForMissingNegative: family.isXl && index.force_zeros_for_empty_prompt,
		spreadsSteps: family.spreadsSteps,
		guidanceNumbers: unet.time_cond_proj_dim ?? undefined,
		defaults: family.defaults,
		latents: {
			channels: unet.in_channels,
			width: sizes.fixed?.width ?? width,
			height: sizes.fixed?.height ?? height,
			isFixed: sizes.fixed !== undefined,
			smallest,
			multipleOf: sizes.isAny ? 1 : smallest,
			pixels: 2 ** (vae.block_out_channels.length - 1),
			...scaleOf(vae, unet.in_channels),
		},
	};
}

/** How the autoencoder wants its latents: with a mean and a deviation for each channel, or with one factor for all. */
function scaleOf(vae: z.output<typeof vaeConfig>, channels: number): { scale: number[]; shift: number[] } {
	const every = (value: number) => new Array<number>(channels).fill(value);
	const { latents_mean: means, latents_std: deviations, scaling_factor: factor } = vae;
	if (means?.length === channels && deviations?.length === channels) {
		return { scale: deviations.map((deviation) => deviation / factor), shift: means };
	}
	return { scale: every(1 / factor), shift: every(vae.shift_factor ?? 0) };
}
