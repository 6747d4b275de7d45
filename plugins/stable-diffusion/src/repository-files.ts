/**
 * Which files of a repository a pipeline is made of: those that are read here, and none for other frameworks.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { DeDiffusionError, readGraphWeights } from "dediffusion/plugin";
import { indexName, readIndex, readModelFolder } from "./model-folder.ts";

/**
 * The files that are wanted, as far as those that are in the folder already tell. To be asked again when these have come,
 * until it names no more: the index names the parts, the parts' small files say whether the model can be used at all, and
 * the graphs say where their weights are. What cannot be used is refused before its weights are fetched.
 *
 * @param repository Named in errors.
 * @param listed Paths of all files of the repository, with slashes.
 * @param folder Where its files are put, under the same paths.
 * @throws DeDiffusionError `MODEL_INVALID` or `SCHEDULER_UNKNOWN` if the repository holds no pipeline that can be used.
 */
export async function pipelineFiles(
	repository: string,
	listed: readonly string[],
	folder: string,
): Promise<readonly string[]> {
	const wanted = [indexName];
	const lacking = (files: readonly string[]) => files.filter((file) => !listed.includes(file));
	const areHere = () => wanted.every((file) => existsSync(join(folder, file)));
	if (lacking(wanted).length > 0) {
		throw new DeDiffusionError("MODEL_INVALID", `${repository} is no diffusers pipeline: it has no ${indexName}.`, {
			input: repository,
			advice: "Choose the repository of a Stable Diffusion pipeline that was exported to ONNX.",
		});
	}
	if (!areHere()) return wanted;

	const { className, metadata, optional, graphs: needed, optionalGraphs } = await readIndex(folder);
	const [first] = lacking(needed);
	if (first !== undefined) throw noGraphs(repository, className, first);
	const graphs = [...needed, ...optionalGraphs.filter((file) => listed.includes(file))];
	requireAll(repository, lacking(metadata));
	wanted.push(...metadata.slice(1), ...optional.filter((file) => listed.includes(file)));
	if (!areHere()) return wanted;

	await readModelFolder(folder);
	wanted.push(...graphs);
	if (!areHere()) return wanted;

	for (const graph of graphs) {
		const { files } = await readGraphWeights(join(folder, graph));
		const weights = files.map((file) => posix.join(posix.dirname(graph), file));
		requireAll(repository, lacking(weights));
		wanted.push(...weights);
	}
	return wanted;
}

function noGraphs(repository: string, className: string, missing: string): DeDiffusionError {
	return new DeDiffusionError(
		"MODEL_INVALID",
		`${repository} is a ${className} without the ONNX graph ${missing}, which is needed to draw with it.`,
		{
			input: repository,
			advice:
				"Look for a repository or a revision (often --revision onnx) that holds an ONNX export, or export this one yourself as docs/stable-diffusion.md says.",
		},
	);
}

function requireAll(repository: string, missing: readonly string[]): void {
	if (missing.length === 0) return;
	throw new DeDiffusionError("MODEL_INVALID", `${repository} lacks ${missing.join(", ")}.`, {
		input: repository,
		advice: "Choose another revision, or tell the owner of the repository.",
	});
}
