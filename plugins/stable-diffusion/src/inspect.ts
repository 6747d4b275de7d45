/**
 * What is in a pipeline folder, and whether it can be drawn with: every graph is opened once, nothing is drawn.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
	DeDiffusionError,
	type DeviceReport,
	type GraphWeights,
	type Inference,
	readGraphWeights,
	type TensorSignature,
} from "dediffusion/plugin";
import { requireDialect } from "./dialect.ts";
import { type GraphName, type ModelFolder, readIndex, readModelFolder } from "./model-folder.ts";

/** A graph of the pipeline, as far as it could be looked at. */
export interface GraphReport {
	readonly name: GraphName;
	/** Bytes on the disk, weights beside it included. */
	readonly size: number;
	/** Bytes of weights by their element type. */
	readonly weights: GraphWeights["bytes"];
	/** What its weights need when they are loaded, in bytes; the runtime takes more for itself, most of it while it loads. */
	readonly memory: number;
	/** Undefined where it could not be opened. */
	readonly session?: {
		readonly inputs: readonly TensorSignature[];
		readonly outputs: readonly TensorSignature[];
		readonly device: DeviceReport;
	};
}

export interface PipelineReport {
	/** Absolute. */
	readonly folder: string;
	/** The class that `model_index.json` names. Undefined, as what follows, where that cannot be read. */
	readonly className?: string;
	/** The kind of model, for people. */
	readonly family?: string;
	/** What is drawn where nothing else is asked for; sizes in pixels. */
	readonly defaults?: {
		readonly width: number;
		readonly height: number;
		readonly steps: number;
		readonly guidanceScale: number;
	};
	readonly scheduler?: {
		readonly name: string;
		/** What the U-Net predicts, where the file says so. */
		readonly prediction?: string;
		/** Others that a request may ask for. */
		readonly others: readonly string[];
	};
	readonly graphs: readonly GraphReport[];
	/** What keeps the folder from being used; empty when it can be. */
	readonly problems: readonly DeDiffusionError[];
}

/**
 * Looks into a folder. Weights are loaded one graph after another and given back.
 *
 * @throws What is no DeDiffusionError; those are in the report.
 */
export async function inspectPipeline(folder: string, inference: Inference): Promise<PipelineReport> {
	const path = resolve(folder);
	const problems: DeDiffusionError[] = [];
	const attempt = async <Result>(action: () => Promise<Result>): Promise<Result | undefined> => {
		try {
			return await action();
		} catch (error) {
			if (!DeDiffusionError.is(error)) throw error;
			problems.push(error);
			return undefined;
		}
	};
	const index = await attempt(() => readIndex(path));
	if (index === undefined) return { folder: path, graphs: [], problems };

	const { className, family } = index;
	const missing = missingOf(path, [...index.metadata, ...index.graphs]);
	problems.push(...missing.map((file) => lack(join(path, file))));
	const isComplete = !index.metadata.some((file) => missing.includes(file));
	const model = isComplete ? await attempt(() => readModelFolder(path)) : undefined;
	const graphs: GraphReport[] = [];
	const found = [...index.graphs, ...index.optionalGraphs].filter((file) => existsSync(join(path, file)));
	for (const graph of found) {
		const name = dirname(graph) as GraphName;
		const report = await attempt(() => inspectGraph(name, join(path, graph), attempt, inference, model));
		if (report) graphs.push(report);
	}
	return { folder: path, className, family, ...(model && about(model)), graphs, problems };
}

const missingOf = (folder: string, files: readonly string[]): string[] =>
	files.filter((file) => !existsSync(join(folder, file)));

function lack(file: string): DeDiffusionError {
	return new DeDiffusionError("MODEL_INVALID", `The model file ${file} cannot be used: the file is missing`, {
		input: file,
		...(file.endsWith(".onnx") && { advice: "Export the pipeline to ONNX, as docs/stable-diffusion.md says." }),
	});
}

function about({ latents, defaults, schedulers }: ModelFolder): Pick<PipelineReport, "defaults" | "scheduler"> {
	const { prediction_type: prediction } = schedulers.file.value as { prediction_type?: unknown };
	const { name } = schedulers.own;
	return {
		defaults: { width: latents.width * latents.pixels, height: latents.height * latents.pixels, ...defaults },
		scheduler: {
			name,
			...(typeof prediction === "string" && { prediction }),
			others: schedulers.names.filter((other) => other !== name),
		},
	};
}

async function inspectGraph(
	name: GraphName,
	path: string,
	attempt: <Result>(action: () => Promise<Result>) => Promise<Result | undefined>,
	inference: Inference,
	model: ModelFolder | undefined,
): Promise<GraphReport> {
	const { bytes: weights, files } = await readGraphWeights(path);
	const missing = missingOf(dirname(path), files);
	const [first] = missing;
	if (first !== undefined) {
		await attempt(() => Promise.reject(lack(join(dirname(path), first))));
	}
	const present = files.filter((file) => !missing.includes(file)).map((file) => join(dirname(path), file));
	const sizes = await Promise.all([path, ...present].map(async (file) => (await stat(file)).size));
	const session = first === undefined ? await attempt(() => open(name, path, inference, model)) : undefined;
	return {
		name,
		size: sizes.reduce((sum, size) => sum + size, 0),
		weights,
		memory: memoryOf(weights, session?.inputs),
		...(session && { session }),
	};
}

async function open(
	name: GraphName,
	path: string,
	inference: Inference,
	model: ModelFolder | undefined,
): Promise<GraphReport["session"]> {
	const session = await inference.open(path);
	try {
		if (model) requireDialect(name, session, model, path);
		const { inputs, outputs, device } = session;
		return { inputs, outputs, device };
	} finally {
		await session.close();
	}
}

/** Half-precision weights of a graph that computes in single precision grow when the runtime folds their casts. */
function memoryOf(weights: GraphWeights["bytes"], inputs: readonly TensorSignature[] | undefined): number {
	const computesInHalf = inputs?.some(({ type }) => type === "float16") ?? false;
	return Object.entries(weights).reduce(
		(sum, [type, bytes]) => sum + bytes * (type === "float16" && !computesInHalf ? 2 : 1),
		0,
	);
}
