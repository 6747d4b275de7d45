/**
 * One U-Net in the runtime alone, with options of its own; asked as `worker.ts` says.
 *
 *     node bench/diffusion/session.ts '{"path": "model.onnx", "options": {}, "dims": [2, 4, 8, 8], "tokens": 16}'
 *
 * Each question, the name of a file or null, is answered with how long a run took, and the first with how long opening
 * took as well; the file gets what the U-Net gave.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import * as ort from "onnxruntime-node";

/** A graph and how it is opened. */
export interface SessionSetting {
	readonly path: string;
	readonly options: ort.InferenceSession.SessionOptions;
	/** Shape of the sample: [batch, channels, height, width]. */
	readonly dims: readonly number[];
	/** Length of the texts. */
	readonly tokens: number;
}

export interface SessionRun {
	/** One run. */
	readonly seconds: number;
	/** Opening the graph, before. */
	readonly openSeconds: number;
}

const { path, options, dims, tokens } = JSON.parse(process.argv[2] ?? "") as SessionSetting;
const began = performance.now();
const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3, ...options });
const openSeconds = (performance.now() - began) / 1000;
const feeds = Object.fromEntries(session.inputMetadata.map((input) => [input.name, valueFor(input)]));

process.stdout.write('{"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
	const output = JSON.parse(line) as string | null;
	const start = performance.now();
	const { out_sample: given } = await session.run(feeds);
	const seconds = (performance.now() - start) / 1000;
	if (output !== null && given) await writeFile(output, new Uint8Array((given.data as Float32Array).buffer));
	process.stdout.write(`${JSON.stringify({ seconds, openSeconds } satisfies SessionRun)}\n`);
}
await session.release();

/** Numbers that look like noise and are the same each time. */
function valueFor(input: ort.InferenceSession.ValueMetadata): ort.Tensor {
	if (!input.isTensor || input.type !== "float32") throw new Error(`The input ${input.name} is no float32 tensor.`);
	if (input.name === "timestep") return new ort.Tensor("float32", [500], []);
	const shape = input.name === "sample" ? [...dims] : [dims[0] as number, tokens, Number(input.shape.at(-1))];
	const size = shape.reduce((product, side) => product * side, 1);
	const values = Float32Array.from({ length: size }, (_, index) => 2 * Math.sin(index * 12.9898 + index ** 2 * 0.0137));
	return new ort.Tensor("float32", values, shape);
}
