/**
 * `dediffusion models list`: what can be drawn and encoded with, and what more is on this machine.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { bundledDrawing, bundledEncoders, bundledPlugins, readPipelineIndex } from "../../bundled.ts";
import { type Configuration, loadConfiguration } from "../../configuration.ts";
import { setUpPlugins } from "../../core/calling/plugins.ts";
import { readEncoderFolder } from "../../core/encoder/folder.ts";
import { folderSize } from "../../core/folder-size.ts";
import { cachedSnapshots, hubCacheFolder } from "../../core/hub/cache.ts";
import { createInference } from "../../core/inference/pool.ts";
import { DeDiffusionError, type Lane, type Plugin } from "../../plugins/index.ts";
import { type SharedOptions, withShared } from "../options.ts";
import { bytesInWords, friendlyLine, printResult } from "../terminal.ts";
import { configurationLine } from "./usage.ts";

/** How each kind is called, and what to do with one of it. */
const kinds = {
	encoder: { inWords: "encoder", use: (id: string) => `dediffusion encode picture.png --encoder ${id}` },
	decoder: { inWords: "decoder", use: (id: string) => `dediffusion transfer picture.png --decoders ${id}` },
	metric: { inWords: "metric", use: () => "its values stand beside PSNR and SSIM, wherever those are" },
	languageModel: {
		inWords: "language model",
		use: (id: string) => `dediffusion ask picture.png "What is there?" --language-model ${id}`,
	},
} as const satisfies Record<string, { readonly inWords: string; readonly use: (id: string) => string }>;

type Kind = keyof typeof kinds;

/** A line of the list. */
interface ListedModel {
	/** The id to name it by; in the cache, the repository. */
	readonly name: string;
	readonly kind: Kind;
	/** For people; undefined where it cannot be told. */
	readonly family?: string;
	readonly source: "bundled" | "configured" | "hub cache";
	/** Undefined where it is not on this machine. */
	readonly folder?: string;
	/** Bytes on the disk. */
	readonly size?: number;
	/** What to do to use it. */
	readonly use: string;
	/** Why it cannot be used. */
	readonly problem?: string;
}

export function addList(models: Command): void {
	withShared(models.command("list"))
		.description("list the models that are bundled, configured or in the hub's cache, and how to use each")
		.action(list);
}

async function list(options: SharedOptions): Promise<void> {
	const configuration = await loadConfiguration({ file: options.config });
	const models = [
		...(await encodersOf(configuration)),
		...(await pluginModels(configuration)),
		...(await cachedPipelines()),
	];
	printResult(options.json, { models, cache: hubCacheFolder() }, models.flatMap(linesOf).join("\n"));
}

function linesOf({ name, kind, family, source, folder, size, use, problem }: ListedModel): string[] {
	const facts = [kinds[kind].inWords, family ?? "unknown", source, ...(size === undefined ? [] : [bytesInWords(size)])];
	return [
		`${name}: ${facts.join(", ")}`,
		...(folder === undefined ? [] : [`    in ${folder}`]),
		problem === undefined ? `    use: ${use}` : `    cannot be used: ${problem}`,
	];
}

async function encodersOf({ engine }: Configuration): Promise<ListedModel[]> {
	const bundled = bundledEncoders();
	const configured = engine.encoders.filter((entry) => "folder" in entry);
	const isIn = (encoders: readonly { folder: string }[], folder: string) =>
		encoders.some((encoder) => encoder.folder === folder);
	const others = bundled.filter(({ folder }) => !isIn(configured, folder));
	return Promise.all(
		[...configured, ...others].map(async ({ id, folder }): Promise<ListedModel> => {
			const isConfigured = isIn(configured, folder);
			return {
				name: id,
				kind: "encoder",
				family: "De-Diffusion",
				source: isIn(bundled, folder) ? "bundled" : "configured",
				folder,
				size: await folderSize(folder),
				use: isConfigured
					? kinds.encoder.use(id)
					: `add { id: ${JSON.stringify(id)}, folder: ${JSON.stringify(folder)} } to the encoders in dediffusion.config.ts`,
				...(await problemOf(() => readEncoderFolder(folder))),
			};
		}),
	);
}

async function pluginModels({ engine, isBundled }: Configuration): Promise<ListedModel[]> {
	const bundled = await openedBy(bundledPlugins(), engine);
	const isBundledFolder = (folder: string | undefined) => bundled.some((model) => model.folder === folder);
	const configured = isBundled ? bundled : await configuredModels(engine);
	const others = bundled.filter(({ folder }) => !configured.some((decoder) => decoder.folder === folder));
	return [
		...configured.map(
			(model): ListedModel => ({
				...model,
				source: model.folder !== undefined && isBundledFolder(model.folder) ? "bundled" : "configured",
				use: kinds[model.kind].use(model.name),
			}),
		),
		...others.map(
			({ name, family, folder = "", size = 0 }): ListedModel => ({
				...{ name, kind: "decoder", family, source: "bundled", folder, size },
				use: inConfiguration(configurationLine(name, folder, bundledDrawing)),
			}),
		),
	];
}

const inConfiguration = (line: string): string => `add ${line} to the plugins in dediffusion.config.ts`;

type OpenedModel = Pick<ListedModel, "name" | "kind" | "folder" | "size" | "problem"> & { readonly family: string };

/** One plugin that cannot be opened must not hide the others. */
async function configuredModels(engine: Configuration["engine"]): Promise<OpenedModel[]> {
	const opened: OpenedModel[] = [];
	for (const plugin of engine.plugins) {
		try {
			opened.push(...(await openedBy([plugin], engine)));
		} catch (error) {
			if (!DeDiffusionError.is(error)) throw error;
			opened.push({ name: plugin.name, kind: "decoder", family: "plugin", problem: friendlyLine(error) });
		}
	}
	return opened;
}

/** What plugins offer. Opening them loads no weights. */
async function openedBy(plugins: readonly Plugin[], engine: Configuration["engine"]): Promise<OpenedModel[]> {
	const inference = createInference(engine.inference);
	try {
		const host = { inference, log: (_level: string, line: string) => void process.stderr.write(`${line}\n`) };
		const { decoders, encoders, metrics, languageModels, close } = await setUpPlugins(plugins, host, {
			folder: engine.folder,
			...(engine.network && { network: engine.network }),
		});
		try {
			const family = (lane: Lane) => (lane === "network" ? "service" : "model of a plugin");
			const drawing = decoders.map(async ({ id, lane, model }) => ({
				name: id,
				kind: "decoder" as const,
				family: model?.family ?? family(lane),
				...(model && { folder: await realpath(model.folder), size: await folderSize(model.folder) }),
			}));
			const others = (kind: Kind, models: readonly { readonly id: string; readonly lane: Lane }[]) =>
				models.map(({ id, lane }) => ({ name: id, kind, family: family(lane) }));
			return [
				...(await Promise.all(drawing)),
				...others("encoder", encoders),
				...others("metric", metrics),
				...others("languageModel", languageModels),
			];
		} finally {
			await close();
		}
	} finally {
		await inference.close();
	}
}

async function cachedPipelines(): Promise<ListedModel[]> {
	const snapshots = await cachedSnapshots(hubCacheFolder());
	const pipelines = snapshots.filter(({ folder }) => existsSync(join(folder, "model_index.json")));
	return Promise.all(
		pipelines.map(async ({ repository, commit, revisions, folder }): Promise<ListedModel> => {
			const about = await readPipelineIndex(folder).catch((error: unknown) => {
				if (DeDiffusionError.is(error)) return error;
				throw error;
			});
			const missing = DeDiffusionError.is(about)
				? undefined
				: [...about.graphs, ...about.metadata].filter((file) => !existsSync(join(folder, file)))[0];
			const problem = DeDiffusionError.is(about)
				? friendlyLine(about)
				: missing && `${missing} is missing; dediffusion models check ${folder} says more`;
			return {
				name: `${repository}@${revisions[0] ?? commit}`,
				kind: "decoder",
				...(!DeDiffusionError.is(about) && { family: about.family }),
				source: "hub cache",
				folder,
				size: await folderSize(folder),
				use: inConfiguration(configurationLine(repository, folder)),
				...(problem !== undefined && { problem }),
			};
		}),
	);
}

async function problemOf(action: () => Promise<unknown>): Promise<Pick<ListedModel, "problem">> {
	try {
		await action();
		return {};
	} catch (error) {
		if (!DeDiffusionError.is(error)) throw error;
		return { problem: friendlyLine(error) };
	}
}
