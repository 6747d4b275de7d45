/**
 * Requests to the server.
 *
 * @module
 */
import { DeDiffusionError, failureOf, type PluginHost, readJson } from "dediffusion/plugin";
import type { Options } from "./options.ts";
import type { AnsweredTensor } from "./pictures.ts";
import { type Datatype, toBytes, toJson, type Value } from "./tensors.ts";
import { inferAnswer, type ModelMetadata, modelAnswer, type OutputTensor, readyAnswer, serverAnswer } from "./wire.ts";

/** An input with its values, row by row. */
export interface InputTensor {
	readonly name: string;
	readonly datatype: Datatype;
	readonly shape: readonly number[];
	readonly values: readonly Value[];
}

/** A model behind its address. All of it throws DeDiffusionError `BACKEND_*` or `ABORTED`. */
export interface Service {
	/** What the server says of the model's tensors. */
	describe(signal: AbortSignal): Promise<ModelMetadata>;
	/** Whether the server says that it takes tensors in binary. */
	canBinary(signal: AbortSignal): Promise<boolean>;
	/** Whether the model could run now. */
	checkReady(signal: AbortSignal): Promise<void>;
	/** Runs the model; gives the output of that name. */
	infer(
		inputs: readonly InputTensor[],
		output: string,
		isBinary: boolean,
		signal: AbortSignal,
	): Promise<AnsweredTensor>;
}

/** Where JSON ends and binary tensors begin, in bytes. */
const headerLength = "inference-header-content-length";

/** Bytes of an answer: eight pictures of a megapixel in FP32 are 100 million, in JSON more. */
const largestAnswer = 2 ** 28;

export function openService(
	{ url, model, version, tokenVariable }: Pick<Options, "url" | "model" | "version" | "tokenVariable">,
	host: PluginHost,
): Service {
	const token = tokenVariable === undefined ? undefined : process.env[tokenVariable] || undefined;
	const fetch = host.connect({ url, secrets: [token], maxBytes: largestAnswer });
	const server = `${url.replace(/\/+$/, "")}/v2`;
	const address = `${server}/models/${encodeURIComponent(model)}${version ? `/versions/${encodeURIComponent(version)}` : ""}`;
	const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };

	return {
		async describe(signal) {
			return readJson(await fetch(address, { headers, signal }), modelAnswer);
		},
		async canBinary(signal) {
			const response = await fetch(server, { headers, signal });
			if (response.status === 404) {
				// A gateway that lets only models through.
				await response.body?.cancel();
				return false;
			}
			return (await readJson(response, serverAnswer)).extensions.includes("binary_tensor_data");
		},
		async checkReady(signal) {
			const response = await fetch(`${address}/ready`, { headers, signal });
			// Triton's answer for a model that is not ready.
			const isRefused = response.status === 400;
			if (!response.ok && !isRefused) {
				throw await failureOf(response);
			}
			const body = await response.text();
			const isReady = !isRefused && (body.trim() === "" || (await readJson(new Response(body), readyAnswer)).ready);
			if (!isReady) {
				throw new DeDiffusionError("BACKEND_UNAVAILABLE", `The server does not have the model ${model} ready.`, {
					advice: "Check the model's name, wait until it is loaded, or look into the server's log.",
				});
			}
		},
		async infer(inputs, output, isBinary, signal) {
			const { body, ...length } = isBinary ? inBinary(inputs, output) : inJson(inputs, output);
			const sent = { ...headers, ...length.headers };
			return outputIn(await fetch(`${address}/infer`, { method: "POST", headers: sent, body, signal }), output);
		},
	};
}

interface Message {
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string | Uint8Array<ArrayBuffer>;
}

function inJson(inputs: readonly InputTensor[], output: string): Message {
	const tensors = inputs.map(({ values, ...tensor }) => ({ ...tensor, data: toJson(tensor.datatype, values) }));
	return {
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ inputs: tensors, outputs: [{ name: output }] }),
	};
}

function inBinary(inputs: readonly InputTensor[], output: string): Message {
	const data = inputs.map(({ datatype, values }) => toBytes(datatype, values));
	const tensors = inputs.map(({ values: _, ...tensor }, index) => ({
		...tensor,
		parameters: { binary_data_size: data[index]?.length },
	}));
	const outputs = [{ name: output, parameters: { binary_data: true } }];
	const json = Buffer.from(JSON.stringify({ inputs: tensors, outputs }));
	return {
		headers: { "content-type": "application/octet-stream", [headerLength]: String(json.length) },
		body: Buffer.concat([json, ...data]),
	};
}

/** @throws DeDiffusionError For statuses beyond 299; `BACKEND_PROTOCOL` if the output is missing or cut short. */
async function outputIn(response: Response, name: string): Promise<AnsweredTensor> {
	if (!response.ok) {
		throw await failureOf(response);
	}
	const body = new Uint8Array(await response.arrayBuffer());
	const header = response.headers.get(headerLength);
	const end = header === null ? body.length : Number(header);
	if (!(Number.isInteger(end) && end >= 0 && end <= body.length)) {
		throw new DeDiffusionError("BACKEND_PROTOCOL", `The backend announces ${header} bytes of JSON in ${body.length}.`);
	}
	const json = new Response(body.subarray(0, end), { headers: response.headers });
	const { outputs } = await readJson(json, inferAnswer);
	const data = dataOf(outputs, body.subarray(end));
	const index = outputs.findIndex((output) => output.name === name);
	const [found, values] = [outputs[index], data[index]];
	if (found === undefined || values === undefined) {
		throw new DeDiffusionError("BACKEND_PROTOCOL", `The backend's answer has no data for the output ${name}.`);
	}
	return { datatype: found.datatype, shape: found.shape, data: values };
}

/** The values of each output: its own, or its part of the bytes behind the JSON. */
function dataOf(outputs: readonly OutputTensor[], bytes: Uint8Array): (AnsweredTensor["data"] | undefined)[] {
	let at = 0;
	const data = outputs.map(({ data, parameters }) => {
		const size = parameters?.binary_data_size;
		if (size === undefined) {
			return data;
		}
		at += size;
		return bytes.subarray(at - size, at);
	});
	if (at !== bytes.length) {
		throw new DeDiffusionError(
			"BACKEND_PROTOCOL",
			`The backend announces ${at} bytes of tensors and sends ${bytes.length}.`,
		);
	}
	return data;
}
