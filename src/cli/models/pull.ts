/**
 * `dediffusion models pull REPOSITORY`: a pipeline from a model hub to this machine.
 *
 * @module
 */
import type { Command } from "commander";
import { pipelineFiles, readPipelineIndex } from "../../bundled.ts";
import { hubCacheFolder } from "../../core/hub/cache.ts";
import { pullRepository } from "../../core/hub/pull.ts";
import { bytesInWords, Progress, printResult } from "../terminal.ts";
import { configurationLine } from "./usage.ts";

interface PullCommandOptions {
	readonly revision?: string;
	readonly json?: boolean;
}

export function addPull(models: Command): void {
	models
		.command("pull")
		.description("bring a Stable Diffusion pipeline that was exported to ONNX from a model hub")
		.argument("<repository>", "its name on the hub, e.g. someone/sd-turbo-onnx")
		.option("--revision <name>", "branch, tag or commit (default: main)")
		.option("--json", "print the result as JSON")
		.addHelpText(
			"after",
			"\nThe environment, as for Python's huggingface_hub: HF_TOKEN for private repositories, HF_ENDPOINT for another hub,\nHF_HUB_CACHE or HF_HOME for another cache.",
		)
		.action(pull);
}

async function pull(repository: string, { revision, json }: PullCommandOptions): Promise<void> {
	// Other commands need none of it: the hub's client takes a while to load.
	const { hubFrom } = await import("../../core/hub/hub.ts");
	const progress = new Progress();
	const pulled = await pullRepository({
		hub: hubFrom(),
		cache: hubCacheFolder(),
		repository,
		revision,
		choose: (listed, folder) => pipelineFiles(repository, listed, folder),
		onProgress: ({ path, done, size }) => progress.show(`${path} (${bytesInWords(size)})`, done / Math.max(size, 1)),
	}).finally(() => progress.end());
	const { family } = await readPipelineIndex(pulled.folder);
	const { folder, files, size, received } = pulled;
	const use = configurationLine(repository, folder);
	printResult(
		json,
		{ ...pulled, family, use },
		[
			`${repository} is here: ${family}, ${files.length} files, ${bytesInWords(size)}, of which ${bytesInWords(received)} came over the network.`,
			`    in ${folder}`,
			`    check: dediffusion models check ${folder}`,
			`    use: add ${use} to the plugins in dediffusion.config.ts`,
		].join("\n"),
	);
}
