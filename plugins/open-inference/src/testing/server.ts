/**
 * A server of the Open Inference Protocol for tests, written from its specification and apart from the plugin's own
 * reading of tensors: real HTTP, one model that paints, and the refusals that real servers give.
 *
 * @module
 */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { pictureOf } from "dediffusion/plugin/testing";

interface Signature {
	readonly name: string;
	readonly datatype: string;
	readonly shape: readonly number[];
}

/** One tensor of a request or an answer. */
export interface Tensor extends Signature {
	/** Numbers, texts, or files in BYTES. */
	readonly values: readonly unknown[];
}

export interface ModelServerOptions {
	readonly inputs: readonly Signature[];
	readonly output: Signature;
	/** Default: that of Triton, which knows tensors in binary. */
	readonly extensions?: readonly string[];
	/** What the model does. Default: plain pictures whose colour depends on everything that was given. */
	readonly run?: (inputs: readonly Tensor[], output: Signature) => Tensor | Promise<Tensor>;
	/** Writes the answer to a request itself; true where it did. */
	readonly answer?: (asked: AskedModel, response: ServerResponse) => boolean;
}

/** One request that the server was sent. */
export interface AskedModel {
	readonly method: string;
	readonly path: string;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
}

export interface ModelServer {
	readonly url: string;
	readonly asked: readonly AskedModel[];
	/** The inputs of each run. */
	readonly runs: readonly (readonly Tensor[])[];
	close(): void;
}

/** Starts a server with the model `painter`. It must be closed. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
	const { inputs, output, extensions = ["classification", "binary_tensor_data"], run = paint, answer } = options;
	const asked: AskedModel[] = [];
	const runs: (readonly Tensor[])[] = [];

	async function handle(now: AskedModel, response: ServerResponse): Promise<void> {
		const path = now.path.replace("/versions/3", "");
		switch (`${now.method} ${path}`) {
			case "GET /v2":
				return send(response, { name: "test", version: "1.0", extensions });
			case "GET /v2/models/painter":
				return send(response, { name: "painter", versions: ["3"], platform: "test", inputs, outputs: [output] });
			case "GET /v2/models/painter/ready":
				response.end();
				return;
			case "POST /v2/models/painter/infer": {
				const { tensors, wantsBinary } = readRequest(now);
				checkInputs(tensors, inputs);
				runs.push(tensors);
				return sendTensor(response, await run(tensors, output), wantsBinary);
			}
			default:
				response.statusCode = 404;
				send(response, { error: "Request for unknown model" });
		}
	}

	const server = createServer(async (request, response) => {
		const { method = "", url = "", headers } = request;
		const now = { method, path: url, headers, body: await buffer(request) };
		asked.push(now);
		if (answer?.(now, response)) {
			return;
		}
		await handle(now, response).catch((error: Error) => {
			response.statusCode = 400;
			send(response, { error: error.message });
		});
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		asked,
		runs,
		close() {
			server.close();
			server.closeAllConnections();
		},
	};
}

function send(response: ServerResponse, body: object): void {
	response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

interface SentTensor extends Signature {
	readonly data?: readonly unknown[];
	readonly parameters?: { readonly binary_data_size: number };
}

function readRequest({ headers, body }: AskedModel): { tensors: Tensor[]; wantsBinary: boolean } {
	const end = Number(headers["inference-header-content-length"] ?? body.length);
	const request = JSON.parse(body.toString("utf8", 0, end));
	let at = end;
	const tensors = (request.inputs as SentTensor[]).map(({ data, parameters, ...tensor }) => {
		if (parameters === undefined) {
			return { ...tensor, values: data ?? [] };
		}
		const part = body.subarray(at, at + parameters.binary_data_size);
		at += parameters.binary_data_size;
		return { ...tensor, values: valuesIn(tensor.datatype, part) };
	});
	if (at !== body.length) {
		throw new Error(`unexpected additional input data, ${body.length - at} bytes`);
	}
	return { tensors, wantsBinary: request.outputs?.[0]?.parameters?.binary_data === true };
}

const widths: Readonly<Record<string, number>> = { BOOL: 1, UINT8: 1, INT32: 4, UINT32: 4, INT64: 8, FP16: 2, FP32: 4 };

function valuesIn(datatype: string, part: Buffer): unknown[] {
	if (datatype === "BYTES") {
		const texts: string[] = [];
		for (let at = 0; at < part.length; at += 4 + part.readUInt32LE(at)) {
			texts.push(part.toString("utf8", at + 4, at + 4 + part.readUInt32LE(at)));
		}
		return texts;
	}
	const width = widths[datatype] ?? Number.NaN;
	return Array.from({ length: part.length / width }, (_, index) => {
		const at = index * width;
		switch (datatype) {
			case "INT32":
				return part.readInt32LE(at);
			case "UINT32":
				return part.readUInt32LE(at);
			case "INT64":
				return Number(part.readBigInt64LE(at));
			case "FP32":
				return part.readFloatLE(at);
			case "FP16":
				return part.readUInt16LE(at);
			default:
				return part.readUInt8(at);
		}
	});
}

/** As Triton does: every input there is, of its type, and of a shape that its sizes allow and its values fill. */
function checkInputs(tensors: readonly Tensor[], inputs: readonly Signature[]): void {
	for (const { name, datatype, shape } of inputs) {
		const given = tensors.find((tensor) => tensor.name === name);
		if (given === undefined) {
			throw new Error(`expected input '${name}'`);
		}
		if (given.datatype !== datatype) {
			throw new Error(`inference input '${name}' data-type is '${given.datatype}', but model expects '${datatype}'`);
		}
		const isAllowed =
			given.shape.length === shape.length && shape.every((size, index) => size === -1 || size === given.shape[index]);
		const elements = given.shape.reduce((product, size) => product * size, 1);
		if (!isAllowed || elements !== given.values.length) {
			throw new Error(`unexpected shape for input '${name}': [${given.shape}] with ${given.values.length} values`);
		}
	}
	const stranger = tensors.find(({ name }) => !inputs.some((input) => input.name === name));
	if (stranger !== undefined) {
		throw new Error(`unexpected inference input '${stranger.name}'`);
	}
}

/** A plain picture for each value of the first input, in the size of WIDTH and HEIGHT. */
async function paint(inputs: readonly Tensor[], output: Signature): Promise<Tensor> {
	const of = (name: string, picture: number) => inputs.find((input) => input.name === name)?.values[picture];
	const count = inputs[0]?.values.length ?? 0;
	const [width, height] = [Number(of("WIDTH", 0) ?? 16), Number(of("HEIGHT", 0) ?? 16)];
	const given = (picture: number) => inputs.map(({ name, values }) => [name, values[picture]]);
	const files = await Promise.all(
		Array.from({ length: count }, (_, picture) => pictureOf(width, height, given(picture))),
	);
	if (output.datatype === "BYTES") {
		return { ...output, shape: [count, 1], values: files };
	}
	const isPlanar = output.shape.at(-1) !== 3;
	const pictures = await Promise.all(files.map((file) => numbersOf(file, output.datatype, isPlanar)));
	const shape = isPlanar ? [count, 3, height, width] : [count, height, width, 3];
	return { ...output, shape: output.shape.length === 3 ? shape.slice(1) : shape, values: pictures.flat() };
}

async function numbersOf(file: Buffer, datatype: string, isPlanar: boolean): Promise<number[]> {
	const { default: sharp } = await import("sharp");
	const pixels = await sharp(file).raw().toBuffer();
	const plane = pixels.length / 3;
	return Array.from(pixels, (_, index) => {
		const level = pixels[isPlanar ? (index % plane) * 3 + Math.floor(index / plane) : index] as number;
		return datatype === "UINT8" ? level : level / 255;
	});
}

/** Answers with one tensor, in JSON or with its bytes behind the JSON. */
function sendTensor(response: ServerResponse, { values, ...tensor }: Tensor, isBinary: boolean): void {
	if (!isBinary) {
		const data = values.map((value) => (Buffer.isBuffer(value) ? value.toString("base64") : value));
		send(response, { model_name: "painter", model_version: "3", outputs: [{ ...tensor, data }] });
		return;
	}
	const bytes = Buffer.concat(values.flatMap((value) => bytesOf(tensor.datatype, value)));
	const outputs = [{ ...tensor, parameters: { binary_data_size: bytes.length } }];
	const json = Buffer.from(JSON.stringify({ model_name: "painter", model_version: "3", outputs }));
	response.setHeader("content-type", "application/octet-stream");
	response.setHeader("inference-header-content-length", json.length);
	response.end(Buffer.concat([json, bytes]));
}

function bytesOf(datatype: string, value: unknown): Buffer[] {
	const bytes = Buffer.alloc(datatype === "BYTES" ? 4 : (widths[datatype] ?? 0));
	switch (datatype) {
		case "BYTES": {
			const element = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
			bytes.writeUInt32LE(element.length);
			return [bytes, element];
		}
		case "FP32":
			bytes.writeFloatLE(Number(value));
			return [bytes];
		case "FP16":
			bytes.writeUInt16LE(halfOf(Number(value)));
			return [bytes];
		default:
			bytes.writeUInt8(Number(value));
			return [bytes];
	}
}

/** Half precision for numbers from 0 to 1, cut off rather than rounded. */
function halfOf(value: number): number {
	if (value < 2 ** -14) return Math.floor(value * 2 ** 24);
	const exponent = Math.floor(Math.log2(value));
	return ((exponent + 15) << 10) | Math.floor((value / 2 ** exponent - 1) * 1024);
}
