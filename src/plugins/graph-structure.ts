/**
 * What an ONNX file says of its graph's inputs and operators, read without loading weights.
 *
 * @module
 */
import { type Message, readGraphFile } from "./onnx-file.ts";

/** One operator of a graph. */
export interface GraphNode {
	/** Its kind, e.g. `Conv`. */
	readonly operator: string;
	/** Names of what it takes, in the operator's order; an empty name where an optional input is left out. */
	readonly inputs: readonly string[];
}

/** The frame of one graph. */
export interface GraphStructure {
	/** Sizes of each input by its name: known ones as numbers, free ones as their symbolic name, which may be empty. */
	readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
	/** The operators that were asked for, in the order of the graph; those inside of branches and loops are not looked at. */
	readonly nodes: readonly GraphNode[];
}

/** Numbers of the fields that are looked into (onnx.proto). */
const inGraph = { node: 1, input: 11 } as const;
const inNode = { input: 1, operator: 4 } as const;
const inValue = { name: 1, type: 2 } as const;
const inType = { tensor: 1 } as const;
const inTensor = { shape: 2 } as const;
const inShape = { size: 1 } as const;
const inSize = { value: 1, name: 2 } as const;

/**
 * Reads a graph's inputs and the operators of some kinds.
 *
 * @param operators The kinds to give, e.g. `["Resize"]`.
 * @throws DeDiffusionError `MODEL_INVALID` if the file is missing or no ONNX graph.
 */
export async function readGraphStructure(path: string, operators: readonly string[]): Promise<GraphStructure> {
	const inputs: (readonly [name: string, sizes: readonly (number | string)[]])[] = [];
	const nodes: GraphNode[] = [];
	await readGraphFile(path, async (graph) => {
		for await (const { number, message } of graph.fields()) {
			if (number === inGraph.node && message) {
				const node = await readNode(message, operators);
				if (node) nodes.push(node);
			}
			if (number === inGraph.input && message) {
				inputs.push(await readValue(message));
			}
		}
	});
	return { inputs: Object.fromEntries(inputs), nodes };
}

async function readNode(node: Message, operators: readonly string[]): Promise<GraphNode | undefined> {
	const inputs: Message[] = [];
	let operator = "";
	for await (const { number, message } of node.fields()) {
		if (number === inNode.input && message) inputs.push(message);
		if (number === inNode.operator && message) operator = await message.text();
	}
	if (!operators.includes(operator)) return undefined;
	return { operator, inputs: await Promise.all(inputs.map((input) => input.text())) };
}

async function readValue(value: Message): Promise<readonly [name: string, sizes: readonly (number | string)[]]> {
	let name = "";
	const sizes: (number | string)[] = [];
	for await (const { number, message } of value.fields()) {
		if (number === inValue.name && message) name = await message.text();
		if (number === inValue.type && message) {
			for await (const shape of within(message, inType.tensor, inTensor.shape)) {
				for await (const size of within(shape, inShape.size)) sizes.push(await readSize(size));
			}
		}
	}
	return [name, sizes];
}

/** A message's messages along a path of fields. */
async function* within(message: Message, first: number, ...rest: readonly number[]): AsyncGenerator<Message> {
	for await (const { number, message: found } of message.fields()) {
		if (number !== first || !found) continue;
		const [next, ...others] = rest;
		if (next === undefined) yield found;
		else yield* within(found, next, ...others);
	}
}

async function readSize(size: Message): Promise<number | string> {
	for await (const { number, value, message } of size.fields()) {
		if (number === inSize.value && value !== undefined) return value;
		if (number === inSize.name && message) return message.text();
	}
	return "";
}
