/**
 * What an ONNX file says of its weights, read without loading them: large graphs keep them in files of their own.
 *
 * @module
 */
import { type FileHandle, open } from "node:fs/promises";
import { DeDiffusionError } from "./errors.ts";

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
const inModel = { graph: 7 } as const;
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
	let file: FileHandle;
	try {
		file = await open(path);
	} catch (cause) {
		throw new DeDiffusionError("MODEL_INVALID", `There is no model file at ${path}.`, { input: path, cause });
	}
	try {
		const message = new Message(file, 0, (await file.stat()).size);
		const found = new Weights();
		await readModel(message, found);
		return { bytes: Object.fromEntries(found.bytes), files: [...found.files] };
	} catch (cause) {
		if (!(cause instanceof NotProtobuf)) throw cause;
		throw new DeDiffusionError("MODEL_INVALID", `${path} is no ONNX graph, or is cut short.`, { input: path, cause });
	} finally {
		await file.close();
	}
}

class Weights {
	readonly bytes = new Map<WeightType, number>();
	readonly files = new Set<string>();

	add(type: WeightType, bytes: number): void {
		this.bytes.set(type, (this.bytes.get(type) ?? 0) + bytes);
	}
}

async function readModel(model: Message, found: Weights): Promise<void> {
	let graphs = 0;
	for await (const { number, message } of model.fields()) {
		if (number === inModel.graph && message) {
			graphs++;
			await readGraph(message, found);
		}
	}
	if (graphs === 0) throw new NotProtobuf();
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

/** The bytes do not follow protobuf's encoding. */
class NotProtobuf extends Error {
	override readonly name = "NotProtobuf";
}

/** A field of a message: a number, or bytes that may be a message. */
interface Field {
	readonly number: number;
	readonly value?: number;
	readonly message?: Message;
}

/** Bytes read ahead: weights lie between the fields of interest, so that more would be read for nothing. */
const windowSize = 4096;

/** A protobuf message inside of a file, from `start` up to `end` (protobuf.dev, "Encoding"). */
class Message {
	readonly #file: FileHandle;
	readonly #start: number;
	readonly #end: number;
	#window: { readonly at: number; readonly bytes: Buffer } = { at: 0, bytes: Buffer.alloc(0) };

	constructor(file: FileHandle, start: number, end: number) {
		this.#file = file;
		this.#start = start;
		this.#end = end;
	}

	async *fields(): AsyncGenerator<Field> {
		let at = this.#start;
		while (at < this.#end) {
			const tag = await this.#varint(at);
			at = tag.next;
			const number = Math.floor(tag.value / 8);
			switch (tag.value % 8) {
				case 0: {
					const { value, next } = await this.#varint(at);
					at = next;
					yield { number, value };
					break;
				}
				case 1:
					at += 8;
					break;
				case 2: {
					const { value: length, next } = await this.#varint(at);
					at = next + length;
					if (at > this.#end) throw new NotProtobuf();
					const message = new Message(this.#file, next, at);
					message.#window = this.#window;
					yield { number, message };
					break;
				}
				case 5:
					at += 4;
					break;
				default:
					throw new NotProtobuf();
			}
		}
		if (at !== this.#end) throw new NotProtobuf();
	}

	/** The bytes as text. */
	async text(): Promise<string> {
		return (await this.#bytes(this.#start, this.#end - this.#start)).toString();
	}

	/** The bytes as numbers one after another, as repeated fields may be written. */
	async packed(): Promise<number[]> {
		const numbers: number[] = [];
		for (let at = this.#start; at < this.#end; ) {
			const { value, next } = await this.#varint(at);
			numbers.push(value);
			at = next;
		}
		return numbers;
	}

	async #varint(at: number): Promise<{ value: number; next: number }> {
		const bytes = await this.#bytes(at, Math.min(10, this.#end - at));
		let value = 0;
		for (const [index, byte] of bytes.entries()) {
			value += (byte & 127) * 2 ** (7 * index);
			if (byte < 128) return { value, next: at + index + 1 };
		}
		throw new NotProtobuf();
	}

	async #bytes(at: number, length: number): Promise<Buffer> {
		const { at: from, bytes } = this.#window;
		if (at >= from && at + length <= from + bytes.length) return bytes.subarray(at - from, at - from + length);
		const read = Buffer.alloc(Math.max(windowSize, length));
		const { bytesRead } = await this.#file.read(read, 0, read.length, at);
		if (bytesRead < length) throw new NotProtobuf();
		this.#window = { at, bytes: read.subarray(0, bytesRead) };
		return this.#window.bytes.subarray(0, length);
	}
}
