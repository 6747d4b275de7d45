/**
 * What an ONNX file says of its weights, read without loading them: large graphs keep them in files of their own.
 *
 * @module
 */
import { type Message, readGraphFile } from "./onnx-file.ts";

/** Element types that weights come in, by their names in ONNX; `other` for those that no exporter of pictures' models uses. */
export type WeightType =
	| "float32"
	| "float16"
	| "bfloat16"
	| "float64"
	| "int8"
	| "uint8"
	| "int32"
	| "int64"
	| "bool"
	| "other";

/** The weights of one graph. */
export interface GraphWeights {
	/** Bytes of weights by their element type, wherever they are kept. */
	readonly bytes: Readonly<Partial<Record<WeightType, number>>>;
	/** Files that hold weights, relative to the graph's folder, each once; empty where the graph holds all of them itself. */
	readonly files: readonly string[];
}

/** TensorProto.DataType, with bytes for one element (onnx.proto). */
const elementTypes: Readonly<Record<number, readonly [type: WeightType, size: number]>> = {
	1: ["float32", 4],
	2: ["uint8", 1],
	3: ["int8", 1],
	6: ["int32", 4],
	7: ["int64", 8],
	9: ["bool", 1],
	10: ["float16", 2],
	11: ["float64", 8],
	16: ["bfloat16", 2],
};

/** Numbers of the fields that are looked into (onnx.proto). */
const inGraph = { node: 1, initializer: 5 } as const;
const inNode = { attribute: 5 } as const;
const inAttribute = { tensor: 5 } as const;
const inTensor = { dims: 1, dataType: 2, externalData: 13 } as const;
const inEntry = { key: 1, value: 2 } as const;

/**
 * Reads which weights a graph has and where they are. Looks at a few bytes for each of them, however large the file is.
 *
 * @throws DeDiffusionError `MODEL_INVALID` if the file is missing or no ONNX graph.
 */
export async function readGraphWeights(path: string): Promise<GraphWeights> {
	const found = new Weights();
	await readGraphFile(path, (graph) => readGraph(graph, found));
	return { bytes: Object.fromEntries(found.bytes), files: [...found.files] };
}

class Weights {
	readonly bytes = new Map<WeightType, number>();
	readonly files = new Set<string>();

	add(type: WeightType, bytes: number): void {
		this.bytes.set(type, (this.bytes.get(type) ?? 0) + bytes);
	}
}

async function readGraph(graph: Message, found: Weights): Promise<void> {
	for await (const { number, message } of graph.fields()) {
		if (number === inGraph.initializer && message) await readTensor(message, found);
		if (number === inGraph.node && message) await readNode(message, found);
	}
}

/** Some exporters keep weights as the attribute of a node `Constant`. */
async function readNode(node: Message, found: Weights): Promise<void> {
	for await (const { number, message: attribute } of node.fields()) {
		if (number !== inNode.attribute || !attribute) continue;
		for await (const { number: inside, message: tensor } of attribute.fields()) {
			if (inside === inAttribute.tensor && tensor) await readTensor(tensor, found);
		}
	}
}

async function readTensor(tensor: Message, found: Weights): Promise<void> {
	let elements = 1;
	let dataType = 0;
	for await (const { number, value, message } of tensor.fields()) {
		if (number === inTensor.dims) {
			for (const size of value === undefined ? await (message as Message).packed() : [value]) elements *= size;
		} else if (number === inTensor.dataType) {
			dataType = value ?? 0;
		} else if (number === inTensor.externalData && message) {
			const { key, text } = await readEntry(message);
			if (key === "location") found.files.add(text);
		}
	}
	const [type, size] = elementTypes[dataType] ?? (["other", 1] as const);
	found.add(type, elements * size);
}

async function readEntry(entry: Message): Promise<{ key: string; text: string }> {
	const read = { key: "", text: "" };
	for await (const { number, message } of entry.fields()) {
		if (number === inEntry.key && message) read.key = await message.text();
		if (number === inEntry.value && message) read.text = await message.text();
	}
	return read;
}
