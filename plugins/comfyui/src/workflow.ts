/**
 * A workflow of the user's own, and its inputs that a request's settings go to.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { DeDiffusionError } from "dediffusion/plugin";
import { z } from "zod";
import type { InputName, Options } from "./options.ts";

/** As ComfyUI exports it for its API: nodes by their ids; what an input is linked to is `[node, output]`. */
const apiFormat = z.record(
	z.string(),
	z.looseObject({ class_type: z.string(), inputs: z.record(z.string(), z.json()).default({}) }),
);

export type Nodes = z.output<typeof apiFormat>;

/** Nodes of ComfyUI itself that give pictures away. */
const outputClasses = ["SaveImage", "PreviewImage", "SaveImageWebsocket"];

export interface Workflow {
	readonly nodes: Nodes;
	/** Id of the node whose pictures are the result. */
	readonly output: string;
	/** What an input has where a request is silent; undefined for one that is not mapped, or holds something else. */
	numberAt(name: InputName): number | undefined;
	/** The same for texts. */
	textAt(name: InputName): string | undefined;
	/** The nodes with values put into their places. */
	filled(values: Partial<Record<InputName, string | number | undefined>>): Nodes;
	/** For errors, e.g. `node 3 (KSampler)`. */
	nameOf(node: string): string;
}

/** @throws DeDiffusionError `CONFIG_INVALID` that names the node or input that is not there. */
export function openWorkflow({ id, workflow, inputs, output }: Options): Workflow {
	const nodes = parsed(id, typeof workflow === "string" ? readJsonFile(id, workflow) : workflow);
	const mapped = Object.entries(inputs) as [InputName, readonly string[] | undefined][];
	const places = new Map(
		mapped.map(([name, list = []]) => [name, list.map((place) => placeOf(nodes, place, `${id}.inputs.${name}`))]),
	);
	const valueAt = (name: InputName) => {
		const [first] = places.get(name) ?? [];
		return first && nodes[first.node]?.inputs[first.input];
	};
	return {
		nodes,
		output: outputOf(nodes, output, `${id}.output`),
		numberAt(name) {
			const value = valueAt(name);
			return typeof value === "number" ? value : undefined;
		},
		textAt(name) {
			const value = valueAt(name);
			return typeof value === "string" ? value : undefined;
		},
		filled(values) {
			const copy = structuredClone(nodes);
			for (const [name, list] of places) {
				for (const { node, input } of list) {
					const value = values[name];
					const { inputs: target } = copy[node] as Nodes[string];
					target[input] = value ?? (target[input] as string);
				}
			}
			return copy;
		},
		nameOf: (node) => nameIn(nodes, node),
	};
}

function readJsonFile(id: string, path: string): unknown {
	try {
		return JSON.parse(readFileSync(path, "utf8"));
	} catch (cause) {
		throw invalid(`${id}.workflow`, `The workflow ${path} cannot be read, or is no JSON.`, "Check the path.", cause);
	}
}

function parsed(id: string, workflow: unknown): Nodes {
	const { success, data } = apiFormat.safeParse(workflow);
	if (!success || Object.keys(data).length === 0) {
		const advice = "Export it from ComfyUI in API format, which is not the format of Save.";
		throw invalid(`${id}.workflow`, "The workflow is not in API format.", advice);
	}
	return data;
}

function placeOf(nodes: Nodes, place: string, input: string): { node: string; input: string } {
	const dot = place.indexOf(".");
	const [node, name] = [place.slice(0, dot), place.slice(dot + 1)];
	const known = nodes[node];
	if (known === undefined) {
		throw invalid(input, `The workflow has no node ${node}.`, `Its nodes are ${listOf(nodes)}.`);
	}
	const value = known.inputs[name];
	if (value === undefined) {
		const names = Object.keys(known.inputs).join(", ") || "none";
		throw invalid(input, `The ${nameIn(nodes, node)} has no input ${name}.`, `Its inputs are: ${names}.`);
	}
	if (Array.isArray(value)) {
		const message = `The input ${name} of ${nameIn(nodes, node)} comes from ${nameIn(nodes, String(value[0]))}.`;
		throw invalid(input, message, "Name an input of that node, or of the one that its value begins at.");
	}
	return { node, input: name };
}

function outputOf(nodes: Nodes, output: string | undefined, input: string): string {
	if (output !== undefined) {
		if (nodes[output] === undefined) {
			throw invalid(input, `The workflow has no node ${output}.`, `Its nodes are ${listOf(nodes)}.`);
		}
		return output;
	}
	const candidates = Object.keys(nodes).filter((node) => outputClasses.includes(nodes[node]?.class_type ?? ""));
	const [only] = candidates;
	if (only === undefined || candidates.length > 1) {
		const message = `${candidates.length} nodes of the workflow save or show pictures.`;
		throw invalid(input, message, `Name the one whose pictures count, out of ${listOf(nodes)}.`);
	}
	return only;
}

function listOf(nodes: Nodes): string {
	return Object.entries(nodes)
		.map(([id, { class_type }]) => `${id} (${class_type})`)
		.join(", ");
}

function nameIn(nodes: Nodes, node: string): string {
	const { class_type } = nodes[node] ?? {};
	return class_type === undefined ? `node ${node}` : `node ${node} (${class_type})`;
}

function invalid(input: string, message: string, advice: string, cause?: unknown): DeDiffusionError {
	return new DeDiffusionError("CONFIG_INVALID", message, { input, advice, ...(cause !== undefined && { cause }) });
}
