/**
 * Where the configuration comes from: the command line, then the environment, then `dediffusion.config.ts`, then defaults.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { bundledEncoders, bundledPlugins } from "./bundled.ts";
import type { EngineConfig } from "./core/engine.ts";
import { type Config, DeDiffusionError, type EncoderEntry, type Plugin } from "./plugins/index.ts";

/** What the doors need to know to open. */
export interface Configuration {
	/** For the engine; plugins, encoders and data folder are filled in, paths are absolute but for those in plugins' options. */
	readonly engine: EngineConfig;
	/** Whether the bundled models are used, with which work costs nothing but time. */
	readonly isBundled: boolean;
	readonly host: string;
	/** 0 lets the system choose. */
	readonly port: number;
	/** From DEDIFFUSION_TOKEN; undefined when the server is open to this machine. */
	readonly token: string | undefined;
}

export interface ConfigurationSources {
	/** The working folder. */
	readonly folder?: string;
	/** The configuration file; default `dediffusion.config.ts` in the working folder, where there is one. */
	readonly file?: string | undefined;
	readonly host?: string | undefined;
	readonly port?: number | undefined;
	readonly dataFolder?: string | undefined;
	readonly environment?: Readonly<Record<string, string | undefined>>;
}

const fileNames = [
	"dediffusion.config.ts",
	"dediffusion.config.mts",
	"dediffusion.config.js",
	"dediffusion.config.mjs",
];

const positive = z.int().positive();
const port = z.int().min(0).max(65_535);

const plugin = z.custom<Plugin>(
	(value) =>
		typeof value === "object" && value !== null && "name" in value && "setup" in value && "apiVersion" in value,
	"Expected a plugin, as the factory of its package makes it, e.g. stableDiffusion({ … })",
);

const callLimits = {
	concurrency: positive.optional(),
	callsPerMinute: positive.optional(),
	timeoutMs: positive.optional(),
	retries: z.int().min(0).max(10).optional(),
};

const id = z.string().min(1);

/** A folder's encoder or a plugin's; one object, because of a union no part of a wrong entry is named. */
const encoderEntry = z
	.strictObject({ id, folder: z.string().min(1).exactOptional(), ...callLimits })
	.refine(({ folder, id: _id, ...limits }) => folder === undefined || Object.keys(limits).length === 0, {
		message: "Limits are for encoders of plugins; leave them out beside a folder",
	});

const configSchema: z.ZodType<Config> = z.strictObject({
	plugins: z.array(plugin).optional(),
	encoders: z.array(encoderEntry).nonempty().optional(),
	decoders: z.record(z.string(), z.strictObject(callLimits)).optional(),
	metrics: z.record(z.string(), z.strictObject(callLimits)).optional(),
	languageModels: z.record(z.string(), z.strictObject(callLimits)).optional(),
	network: z.strictObject({ privateOrigins: z.array(z.url({ protocol: /^https?$/ })).optional() }).optional(),
	trace: z.custom<Config["trace"]>((value) => typeof value === "function", "Expected a function").optional(),
	dataFolder: z.string().min(1).optional(),
	server: z.strictObject({ host: z.string().min(1).optional(), port: port.optional() }).optional(),
	inference: z
		.strictObject({
			workers: positive.optional(),
			threads: positive.optional(),
			memoryBudget: positive.optional(),
			providers: z
				.array(z.enum(["cuda", "webgpu", "cpu"]))
				.nonempty()
				.optional(),
		})
		.optional(),
	limits: z
		.strictObject({
			pictureBytes: positive.optional(),
			picturePixels: positive.optional(),
			textLength: positive.optional(),
			comparisonCells: positive.optional(),
		})
		.optional(),
}) as z.ZodType<Config>;

/**
 * Reads, merges and checks the configuration. Paths inside a configuration file are relative to that file.
 *
 * @throws DeDiffusionError `CONFIG_INVALID`, naming the file and the line or the value at fault.
 */
export async function loadConfiguration(sources: ConfigurationSources = {}): Promise<Configuration> {
	const folder = sources.folder ?? process.cwd();
	const environment = sources.environment ?? process.env;
	const file = findFile(folder, sources.file ?? environment.DEDIFFUSION_CONFIG);
	const config = file === undefined ? {} : await readFile(file);
	const base = file === undefined ? folder : dirname(file);
	const dataFolder = sources.dataFolder ?? environment.DEDIFFUSION_DATA;

	return {
		engine: {
			...config,
			folder: base,
			plugins: config.plugins ?? bundledPlugins(),
			encoders: config.encoders?.map((entry) => withPath(entry, base)) ?? bundledEncoders(),
			dataFolder:
				dataFolder === undefined ? resolve(base, config.dataFolder ?? ".dediffusion") : resolve(folder, dataFolder),
		},
		isBundled: config.plugins === undefined && config.encoders === undefined,
		host: sources.host ?? environment.DEDIFFUSION_HOST ?? config.server?.host ?? "127.0.0.1",
		port:
			checkPort(sources.port, "--port") ??
			checkPort(numberFrom(environment.DEDIFFUSION_PORT), "DEDIFFUSION_PORT") ??
			config.server?.port ??
			4000,
		token: environment.DEDIFFUSION_TOKEN || undefined,
	};
}

function withPath(entry: EncoderEntry, base: string): EncoderEntry {
	return "folder" in entry ? { ...entry, folder: resolve(base, entry.folder) } : entry;
}

function findFile(folder: string, named: string | undefined): string | undefined {
	if (named === undefined) {
		return fileNames.map((name) => resolve(folder, name)).find((path) => existsSync(path));
	}
	const file = resolve(folder, named);
	if (!existsSync(file)) {
		throw new DeDiffusionError("CONFIG_INVALID", `The configuration file ${file} does not exist.`, { input: file });
	}
	return file;
}

async function readFile(file: string): Promise<Config> {
	const loaded = await importFile(file);
	const checked = configSchema.safeParse(loaded);
	if (!checked.success) {
		throw new DeDiffusionError("CONFIG_INVALID", `${file} is wrong: ${z.prettifyError(checked.error)}`, {
			input: file,
			cause: checked.error,
		});
	}
	return checked.data;
}

async function importFile(file: string): Promise<unknown> {
	try {
		const module: { default?: unknown } = await import(/* @vite-ignore */ pathToFileURL(file).href);
		if (module.default === undefined) {
			throw new DeDiffusionError("CONFIG_INVALID", `${file} has no default export.`, {
				input: file,
				advice: "Write export default defineConfig({ … }).",
			});
		}
		return module.default;
	} catch (error) {
		if (DeDiffusionError.is(error)) {
			throw error;
		}
		const place = placeInFile(error, file);
		const reason = error instanceof Error ? error.message : String(error);
		const advice = adviceFor(reason);
		throw new DeDiffusionError("CONFIG_INVALID", `${place} cannot be loaded: ${reason}`, {
			input: place,
			cause: error,
			...(advice !== undefined && { advice }),
		});
	}
}

/** What to do where the file itself is right, and what is around it is not. */
function adviceFor(reason: string): string | undefined {
	if (/import statement outside a module|Unexpected token 'export'/.test(reason)) {
		return 'Set "type": "module" in the package.json of its folder, or let its name end with .mts.';
	}
	const [, missing] = /Cannot find package '([^']+)'/.exec(reason) ?? [];
	return missing && `Install it there: npm install ${missing}.`;
}

/** `file:line` where Node tells the line. */
function placeInFile(error: unknown, file: string): string {
	const stack = error instanceof Error ? (error.stack ?? "") : "";
	const line = lineIn(stack, file) ?? (error instanceof SyntaxError ? lineIn(syntaxCheck(file), file) : undefined);
	return line === undefined ? file : `${file}:${line}`;
}

/** Traces name a file by its path or by its URL, which differ where the path holds spaces or accents. */
function lineIn(trace: string, file: string): string | undefined {
	for (const name of [file, pathToFileURL(file).href]) {
		const start = trace.indexOf(name);
		const line = start < 0 ? undefined : /^:(\d+)/.exec(trace.slice(start + name.length))?.[1];
		if (line !== undefined) {
			return line;
		}
	}
	return undefined;
}

/** The place of a syntax error in JavaScript is no part of the error: Node tells it only where it prints the error itself. */
function syntaxCheck(file: string): string {
	return spawnSync(process.execPath, ["--check", file], { encoding: "utf8" }).stderr;
}

function numberFrom(value: string | undefined): number | undefined {
	return value === undefined || value === "" ? undefined : Number(value);
}

function checkPort(value: number | undefined, input: string): number | undefined {
	if (value !== undefined && !port.safeParse(value).success) {
		throw new DeDiffusionError("CONFIG_INVALID", `${input} is no port.`, {
			input,
			advice: "Use a whole number from 0 to 65535.",
		});
	}
	return value;
}
