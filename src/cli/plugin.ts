/**
 * `dediffusion plugin`: for those who write plugins.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { loadConfiguration } from "../configuration.ts";
import { contributionOf } from "../core/calling/plugins.ts";
import { createInference } from "../core/inference/pool.ts";
import { type Contribution, DeDiffusionError, type Plugin, type PluginHost } from "../plugins/index.ts";
import { createConnections } from "../plugins/network/connections.ts";
import {
	type AnyFinding,
	type CheckOptions,
	encoderFindingsOf,
	findingsOf,
	languageModelFindingsOf,
	metricFindingsOf,
} from "../plugins/testing/index.ts";
import { untraced } from "../plugins/tracing.ts";
import { writeOutput } from "./files.ts";
import { number, type SharedOptions, withShared } from "./options.ts";
import { developmentSources } from "./plugin-source.ts";
import { type KindName, kindNames, pluginFiles } from "./plugin-template.ts";
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
		.description("write a package with a plugin, its test and a configuration that uses it")
		.argument("<name>", "name of the package, e.g. dediffusion-painter; it is also the folder")
		.addOption(new Option("--kind <kind>", "what the plugin gives").choices(kindNames).default("decoder"))
		.action(newPlugin);
	withShared(plugin.command("check"))
		.description(
			"call what plugins give in every way that a server may, and say what it does otherwise than the contract says",
		)
		.argument("[ids...]", "decoders, encoders, metrics and language models (default: all of the configuration)")
		.option("--prompt <text>", "what decoders draw; plain words (default: a red apple on a table)")
		.option("--steps <number>", "denoising steps, for a quicker check", number)
		.option("--width <pixels>", "width of the pictures", number)
		.option("--height <pixels>", "height of the pictures", number)
		.action(check);
}

async function newPlugin(name: string, { kind }: { readonly kind: KindName }): Promise<void> {
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
	for (const [file, content] of Object.entries(pluginFiles(name, kind, developmentSources(folder)))) {
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
		folder: config.folder ?? process.cwd(),
		inference,
		connect,
		connectSocket,
		log: (_level, line) => void process.stderr.write(`${redaction.text(line)}\n`),
		trace: config.trace ?? untraced,
	};
	try {
		const all = await checkablesOf(config.plugins, host, options);
		const chosen = choose(all, ids);
		await Promise.all(all.filter((one) => !chosen.includes(one)).map(({ model }) => model.close?.()));
		const reports = await checkAll(chosen);
		const clean = reports.map(({ findings, ...report }) => ({
			...report,
			findings: findings.map(({ rule, message }) => ({ rule, message: redaction.text(message) })),
		}));
		const result = Object.fromEntries(
			Object.entries(sorts).map(([sort, one]) => [
				sort,
				clean.filter((report) => report.sort === sort).map(({ id, findings }) => ({ [one]: id, findings })),
			]),
		);
		printResult(options.json, result, clean.flatMap(linesOf).join("\n"));
		process.exitCode = clean.some(({ findings }) => findings.length > 0) ? 1 : 0;
	} finally {
		await connections.close();
		await inference.close();
	}
}

/** What plugins give, and how one of it is called. */
const sorts = {
	decoders: "decoder",
	encoders: "encoder",
	metrics: "metric",
	languageModels: "languageModel",
} as const satisfies Record<keyof Contribution, string>;

type Sort = keyof typeof sorts;

/** Something that can be checked. */
interface Checkable {
	readonly sort: Sort;
	readonly model: { readonly id: string; close?(): Promise<void> };
	readonly check: () => Promise<readonly AnyFinding[]>;
}

async function checkablesOf(
	plugins: readonly Plugin[],
	host: PluginHost,
	options: CheckCommandOptions,
): Promise<Checkable[]> {
	const checkables: Checkable[] = [];
	const add = <Model extends Checkable["model"]>(
		sort: Sort,
		models: readonly Model[] = [],
		check: (model: Model) => Promise<readonly AnyFinding[]>,
	) => void checkables.push(...models.map((model) => ({ sort, model, check: () => check(model) })));
	for (const plugin of plugins) {
		const { decoders, encoders, metrics, languageModels } = await contributionOf(plugin, host);
		add("decoders", decoders, (decoder) => findingsOf(decoder, drawingOptions(options)));
		add("encoders", encoders, (encoder) => encoderFindingsOf(encoder));
		add("metrics", metrics, (metric) => metricFindingsOf(metric));
		add("languageModels", languageModels, (model) => languageModelFindingsOf(model));
	}
	return checkables;
}

function drawingOptions({ prompt, steps, width, height }: CheckCommandOptions): CheckOptions {
	const settings = Object.fromEntries(
		Object.entries({ steps, width, height }).filter(([, value]) => value !== undefined),
	);
	return { settings, ...(prompt !== undefined && { prompt }) };
}

function choose(all: readonly Checkable[], ids: readonly string[]): readonly Checkable[] {
	const unknown = ids.find((id) => !all.some(({ model }) => model.id === id));
	if (unknown !== undefined) {
		throw new DeDiffusionError("INPUT_INVALID", `No plugin gives anything by the id ${unknown}.`, {
			input: "ids",
			advice: `Choose one of ${all.map(({ model }) => model.id).join(", ")}.`,
		});
	}
	return ids.length === 0 ? all : all.filter(({ model }) => ids.includes(model.id));
}

interface Report {
	readonly sort: Sort;
	readonly id: string;
	readonly findings: readonly AnyFinding[];
}

/** One after the other: what a model leaves behind must be its own. */
async function checkAll(checkables: readonly Checkable[]): Promise<Report[]> {
	const progress = new Progress();
	const reports: Report[] = [];
	for (const { sort, model, check } of checkables) {
		progress.show(`Checking ${model.id} …`);
		reports.push({ sort, id: model.id, findings: await check() });
	}
	progress.end();
	return reports;
}

function linesOf({ id, findings }: Report): string[] {
	return findings.length === 0
		? [`${id} keeps to the contract.`]
		: [`${id} does not keep to the contract:`, ...findings.map(({ rule, message }) => `  ${rule}: it ${message}.`)];
}
