/**
 * `dediffusion plugin`: for those who write plugins.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { loadConfiguration } from "../configuration.ts";
import { contributionOf } from "../core/calling/plugins.ts";
import { createInference } from "../core/inference/pool.ts";
import { type Decoder, DeDiffusionError, type Plugin, type PluginHost } from "../plugins/index.ts";
import { createConnections } from "../plugins/network/connections.ts";
import { type CheckOptions, type Finding, findingsOf } from "../plugins/testing/index.ts";
import { untraced } from "../plugins/tracing.ts";
import { writeOutput } from "./files.ts";
import { number, type SharedOptions, withShared } from "./options.ts";
import { pluginFiles } from "./plugin-template.ts";
import { Progress, printResult } from "./terminal.ts";

interface CheckCommandOptions extends SharedOptions {
	readonly prompt?: string;
	readonly steps?: number;
	readonly width?: number;
	readonly height?: number;
}

export function addPlugin(program: Command): void {
	const plugin = program.command("plugin").description("write plugins and check them");
	plugin
		.command("new")
		.description("write a package with a decoder plugin, its test and a configuration that uses it")
		.argument("<name>", "name of the package, e.g. dediffusion-painter; it is also the folder")
		.action(newPlugin);
	withShared(plugin.command("check"))
		.description("call decoders in every way that a server may, and say what they do otherwise than the contract says")
		.argument("[decoders...]", "ids of the decoders (default: all of the configuration)")
		.option("--prompt <text>", "what to draw; plain words (default: a red apple on a table)")
		.option("--steps <number>", "denoising steps, for a quicker check", number)
		.option("--width <pixels>", "width of the pictures", number)
		.option("--height <pixels>", "height of the pictures", number)
		.action(check);
}

async function newPlugin(name: string): Promise<void> {
	if (!/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z][a-z0-9._-]*$/.test(name)) {
		throw new DeDiffusionError("INPUT_INVALID", `${name} is no name of a package.`, {
			input: "name",
			advice: "Use lower-case letters, digits and dashes, e.g. dediffusion-painter.",
		});
	}
	const folder = resolve(basename(name));
	if (existsSync(folder)) {
		throw new DeDiffusionError("INPUT_INVALID", `${folder} exists already.`, {
			input: "name",
			advice: "Choose another name, or remove the folder.",
		});
	}
	for (const [file, content] of Object.entries(pluginFiles(name))) {
		await writeOutput(join(folder, file), content);
	}
	process.stdout.write(`${folder} is a plugin. Its README.md says how to build, test and use it.\n`);
}

async function check(ids: readonly string[], options: CheckCommandOptions): Promise<void> {
	const { engine: config } = await loadConfiguration({ file: options.config });
	const inference = createInference(config.inference);
	const connections = createConnections(config.network);
	const { connect, connectSocket, redaction } = connections;
	const host: PluginHost = {
		inference,
		connect,
		connectSocket,
		log: (_level, line) => void process.stderr.write(`${redaction.text(line)}\n`),
		trace: config.trace ?? untraced,
	};
	try {
		const decoders = await decodersOf(config.plugins, host);
		const chosen = choose(decoders, ids);
		await Promise.all(decoders.filter((decoder) => !chosen.includes(decoder)).map((decoder) => decoder.close?.()));
		const reports = await checkAll(chosen, options);
		const clean = reports.map(({ decoder, findings }) => ({
			decoder,
			findings: findings.map(({ rule, message }) => ({ rule, message: redaction.text(message) })),
		}));
		printResult(options.json, { decoders: clean }, clean.flatMap(linesOf).join("\n"));
		process.exitCode = clean.some(({ findings }) => findings.length > 0) ? 1 : 0;
	} finally {
		await connections.close();
		await inference.close();
	}
}

async function decodersOf(plugins: readonly Plugin[], host: PluginHost): Promise<Decoder[]> {
	const decoders: Decoder[] = [];
	for (const plugin of plugins) {
		decoders.push(...((await contributionOf(plugin, host)).decoders ?? []));
	}
	return decoders;
}

function choose(decoders: readonly Decoder[], ids: readonly string[]): readonly Decoder[] {
	const unknown = ids.find((id) => !decoders.some((decoder) => decoder.id === id));
	if (unknown !== undefined) {
		throw new DeDiffusionError("DECODER_NOT_FOUND", `There is no decoder ${unknown}.`, {
			input: "decoders",
			advice: `Choose one of ${decoders.map(({ id }) => id).join(", ")}.`,
		});
	}
	return ids.length === 0 ? decoders : decoders.filter(({ id }) => ids.includes(id));
}

interface Report {
	readonly decoder: string;
	readonly findings: readonly Finding[];
}

/** One after the other: what a decoder leaves behind must be its own. */
async function checkAll(decoders: readonly Decoder[], options: CheckCommandOptions): Promise<Report[]> {
	const { prompt, steps, width, height } = options;
	const settings = Object.fromEntries(
		Object.entries({ steps, width, height }).filter(([, value]) => value !== undefined),
	);
	const checkOptions: CheckOptions = { settings, ...(prompt !== undefined && { prompt }) };
	const progress = new Progress();
	const reports: Report[] = [];
	for (const decoder of decoders) {
		progress.show(`Checking ${decoder.id} …`);
		reports.push({ decoder: decoder.id, findings: await findingsOf(decoder, checkOptions) });
	}
	progress.end();
	return reports;
}

function linesOf({ decoder, findings }: Report): string[] {
	return findings.length === 0
		? [`${decoder} keeps to the contract.`]
		: [
				`${decoder} does not keep to the contract:`,
				...findings.map(({ rule, message }) => `  ${rule}: it ${message}.`),
			];
}
