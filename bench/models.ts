/**
 * Which models are measured: the bundled ones, or folders named on the command line.
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import type { Plugin } from "../src/plugins/index.ts";
import { bundledEncoders, bundledPlugins, repository } from "./built.ts";

export interface BenchModels {
	readonly encoder: { readonly id: string; readonly folder: string };
	readonly plugins: Plugin[];
	/** Configuration file with which a server of its own uses the same models; undefined where it needs none. */
	readonly config: string | undefined;
}

export interface ModelFolders {
	/** An encoder's folder. */
	readonly encoder?: string | undefined;
	/** A Stable Diffusion folder. */
	readonly decoder?: string | undefined;
}

export async function chooseModels(folders: ModelFolders): Promise<BenchModels> {
	const encoder = folders.encoder === undefined ? undefined : { id: "encoder", folder: resolve(folders.encoder) };
	const decoder = folders.decoder === undefined ? undefined : { id: "decoder", folder: resolve(folders.decoder) };
	const isBundled = encoder === undefined && decoder === undefined;
	return {
		encoder: encoder ?? (bundledEncoders()[0] as BenchModels["encoder"]),
		plugins: decoder === undefined ? bundledPlugins() : [stableDiffusion({ models: [decoder] })],
		config: isBundled ? undefined : await writeConfig(encoder, decoder),
	};
}

async function writeConfig(
	encoder: BenchModels["encoder"] | undefined,
	decoder: BenchModels["encoder"] | undefined,
): Promise<string> {
	const folder = join(repository, "dist", "bench");
	const file = join(folder, "dediffusion.config.mjs");
	const plugins = decoder && `plugins: [stableDiffusion({ models: [${JSON.stringify(decoder)}] })],`;
	const encoders = encoder && `encoders: [${JSON.stringify(encoder)}],`;
	await mkdir(folder, { recursive: true });
	await writeFile(
		file,
		`import { stableDiffusion } from "@dediffusion/stable-diffusion";\nexport default { ${plugins ?? ""} ${encoders ?? ""} };\n`,
	);
	return file;
}
