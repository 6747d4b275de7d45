/**
 * Draws with the server's pipeline for whoever asks over standard input; see `worker.ts`.
 *
 *     node bench/diffusion/ours.ts FOLDER THREADS
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import { testHost } from "dediffusion/plugin/testing";
import { built } from "../dist.ts";
import type { Drawing } from "./worker.ts";

const { createInference } = await built<typeof import("../../src/core/inference/pool.ts")>("core/inference/pool.js");
const [folder = "", threads] = process.argv.slice(2);
const inference = createInference({ threads: Number(threads), providers: ["cpu"] });
const [decoder] = await stableDiffusion({ models: [{ id: "measured", folder }] }).setup(testHost({ inference }));
if (decoder === undefined) throw new Error("The plugin made no decoder.");

const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const signal = new AbortController().signal;
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
	const { count, seed, output, ...drawing } = JSON.parse(line) as Drawing;
	const requests = Array.from({ length: count }, (_, index) => ({ ...drawing, seed: seed + index }));
	const ranBefore = inference.stats().runMs;
	const start = performance.now();
	const results = await decoder.generate(requests, { signal, onProgress: () => {} });
	const seconds = (performance.now() - start) / 1000;
	if (output !== undefined) {
		await writeFile(
			output,
			Buffer.concat(
				results.map(
					(result) => ("image" in result && result.image.kind === "pixels" ? result.image.data : []) as Uint8Array,
				),
			),
		);
	}
	say({ seconds, runSeconds: (inference.stats().runMs - ranBefore) / 1000 });
}
await decoder.close?.();
await inference.close();
