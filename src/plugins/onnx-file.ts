/**
 * ONNX files as the protobuf messages that they are, read field by field: large graphs never lie in memory as a whole.
 *
 * @module
 */
import { type FileHandle, open } from "node:fs/promises";
import { DeDiffusionError } from "./errors.ts";

/** Number of the graph's field in a model (onnx.proto). */
const graphInModel = 7;

/**
 * Opens a file and hands over its graph.
 *
 * @throws DeDiffusionError `MODEL_INVALID` if the file is missing or no ONNX graph.
 */
export async function readGraphFile(path: string, read: (graph: Message) => Promise<void>): Promise<void> {
	let file: FileHandle;
	try {
		file = await open(path);
	} catch (cause) {
		throw new DeDiffusionError("MODEL_INVALID", `There is no model file at ${path}.`, { input: path, cause });
	}
	try {
		await readModel(new Message(file, 0, (await file.stat()).size), read);
	} catch (cause) {
		if (!(cause instanceof NotProtobuf)) throw cause;
		throw new DeDiffusionError("MODEL_INVALID", `${path} is no ONNX graph, or is cut short.`, { input: path, cause });
	} finally {
		await file.close();
	}
}

async function readModel(model: Message, read: (graph: Message) => Promise<void>): Promise<void> {
	let graphs = 0;
	for await (const { number, message } of model.fields()) {
		if (number === graphInModel && message) {
			graphs++;
			await read(message);
		}
	}
	if (graphs === 0) throw new NotProtobuf();
}

/** The bytes do not follow protobuf's encoding. */
class NotProtobuf extends Error {
	override readonly name = "NotProtobuf";
}

/** A field of a message: a number, or bytes that may be a message. */
export interface Field {
	readonly number: number;
	readonly value?: number;
	readonly message?: Message;
}

/** Bytes read ahead: weights lie between the fields of interest, so that more would be read for nothing. */
const windowSize = 4096;

/** A protobuf message inside of a file, from `start` up to `end` (protobuf.dev, "Encoding"). */
export class Message {
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
