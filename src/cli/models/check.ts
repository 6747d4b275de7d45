/**
 * `dediffusion models check FOLDER`: what is in a folder, and whether it can be used.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { inspectPipeline, type PipelineReport } from "../../bundled.ts";
import { loadConfiguration } from "../../configuration.ts";
import { openEncoder } from "../../core/encoder/encoder.ts";
import { createInference } from "../../core/inference/pool.ts";
import { DeDiffusionError, type DeviceReport, type Inference, type TensorSignature } from "../../plugins/index.ts";
import { type SharedOptions, withShared } from "../options.ts";
import { bytesInWords, Progress, printResult } from "../terminal.ts";

export function addCheck(models: Command): void {
	withShared(models.command("check"))
		.description("say what is in a model folder and what is missing; fails when it cannot be used")
		.argument("<folder>", "the folder that holds model_index.json, or an encoder's config.json")
		.action(check);
}

/** What was found, for `--json` and for the lines of text. */
interface Finding {
	readonly folder: string;
	readonly usable: boolean;
	readonly problems: readonly { readonly code: string; readonly message: string; readonly advice: string }[];
}

async function check(folder: string, options: SharedOptions): Promise<void> {
	const path = resolve(folder);
	const { engine: config } = await loadConfiguration({ file: options.config });
	const inference = createInference(config.inference);
	const progress = new Progress();
	progress.show(`Opening the graphs in ${path} …`);
	try {
		const [finding, lines] = isEncoder(path)
			? await checkEncoder(path, inference)
			: await checkPipeline(path, inference);
		progress.end();
		const verdict = finding.usable ? "Nothing is missing: it can be used." : refusalLines(finding).join("\n");
		printResult(options.json, finding, [...lines, verdict].join("\n"));
		process.exitCode = finding.usable ? 0 : 1;
	} finally {
		progress.end();
		await inference.close();
	}
}

function refusalLines({ problems }: Finding): string[] {
	const advice = new Set(problems.map((problem) => problem.advice));
	return ["It cannot be used:", ...problems.map(({ code, message }) => `  ${message} [${code}]`), ...advice];
}

const isEncoder = (folder: string): boolean =>
	!existsSync(join(folder, "model_index.json")) && existsSync(join(folder, "config.json"));

async function checkPipeline(folder: string, inference: Inference): Promise<[Finding & object, string[]]> {
	const { problems: found, graphs, ...about } = await inspectPipeline(folder, inference);
	const memory = graphs.reduce((sum, graph) => sum + graph.memory, 0);
	const size = graphs.reduce((sum, graph) => sum + graph.size, 0);
	const finding = { ...about, graphs, memory, size, ...verdictOn(found) };
	return [finding, pipelineLines({ ...about, graphs, problems: found }, memory, size)];
}

async function checkEncoder(folder: string, inference: Inference): Promise<[Finding & object, string[]]> {
	try {
		const encoder = await openEncoder("checked", folder, inference);
		await encoder.close();
		const { name, imageSize, tokens, vocabulary, decoder, device } = encoder.info;
		const about = { family: "De-Diffusion encoder", name, imageSize, tokens, vocabulary, decoder, device };
		return [
			{ folder, ...about, ...verdictOn([]) },
			[
				`${folder}: De-Diffusion encoder (${name})`,
				`  reads      pictures of ${imageSize} x ${imageSize}`,
				`  writes     ${tokens} tokens of ${vocabulary}, for ${decoder}`,
				`  device     ${deviceInWords(device)}`,
			],
		];
	} catch (error) {
		if (!DeDiffusionError.is(error)) throw error;
		return [{ folder, ...verdictOn([error]) }, [`${folder} may be meant as a De-Diffusion encoder.`]];
	}
}

function verdictOn(errors: readonly DeDiffusionError[]): Pick<Finding, "usable" | "problems"> {
	return {
		usable: errors.length === 0,
		problems: errors.map(({ code, message, advice }) => ({ code, message, advice })),
	};
}

function pipelineLines(
	{ folder, className, family, defaults, scheduler, graphs }: PipelineReport,
	memory: number,
	size: number,
): string[] {
	if (className === undefined) return [`${folder} is no pipeline that is known here.`];
	const row = (name: string, text: string | undefined) => (text === undefined ? [] : [`  ${name.padEnd(10)} ${text}`]);
	const devices = new Set(graphs.flatMap(({ session }) => (session ? [deviceInWords(session.device)] : [])));
	return [
		`${folder}: ${family} (${className})`,
		...row(
			"draws",
			defaults &&
				`${defaults.width} x ${defaults.height}, ${defaults.steps} steps, guidance ${defaults.guidanceScale}, where nothing else is asked for`,
		),
		...row("scheduler", scheduler && schedulerInWords(scheduler)),
		...row("precision", `weights in ${precisionInWords(graphs)}`),
		...row("memory", `${bytesInWords(memory)} of weights when all is loaded, about; loading and pictures come on top`),
		...row("disk", bytesInWords(size)),
		...[...devices].flatMap((device) => row("device", device)),
		...graphs.flatMap(({ name, session, size }) => [
			`  ${name}: ${bytesInWords(size)}${session ? "" : ", not opened"}`,
			...(session ? [`    takes ${session.inputs.map(signatureInWords).join(", ")}`] : []),
		]),
	];
}

/** The types that weights come in, most bytes first. Whole numbers are indices and shapes and say nothing of precision. */
function precisionInWords(graphs: PipelineReport["graphs"]): string {
	const sums = new Map<string, number>();
	for (const [type, bytes] of graphs.flatMap(({ weights }) => Object.entries(weights))) {
		if (/^(b?float|u?int8)/.test(type)) sums.set(type, (sums.get(type) ?? 0) + bytes);
	}
	const sorted = [...sums].sort(([, one], [, other]) => other - one);
	return sorted.map(([type, bytes]) => `${type} (${bytesInWords(bytes)})`).join(", ") || "no float type";
}

function schedulerInWords({ name, prediction, others }: NonNullable<PipelineReport["scheduler"]>): string {
	return `${name}${prediction ? `, predicts ${prediction}` : ""}; may be ${others.join(", ")}`;
}

function signatureInWords({ name, type, dims }: TensorSignature): string {
	return `${name} ${type} ${dims.length === 0 ? "scalar" : `[${dims.join(", ")}]`}`;
}

function deviceInWords({ provider, skipped }: DeviceReport): string {
	const passedOver = skipped.map((better) => `, not ${better.provider} (${better.reason.replace(/\.$/, "")})`);
	return `${provider}${passedOver.join("")}`;
}
