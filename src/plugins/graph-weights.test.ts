import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyPipeline } from "../../test/fixtures.ts";
import { readGraphWeights } from "./graph-weights.ts";

const graphOf = (folder: string) => join(dirname(tinyPipeline), folder, "model.onnx");

let scratch: string;
beforeAll(async () => {
	scratch = await mkdtemp(join(tmpdir(), "dediffusion-weights-"));
});
afterAll(() => rm(scratch, { recursive: true }));

// The sums are those of the Python package onnx: initializers and the tensors in attributes, their sizes by their shapes.
test.each([
	["tiny-epsilon/text_encoder", { float32: 2576, int64: 208, int32: 4, float16: 80832 }, []],
	["tiny-half/unet", { float16: 132064, float32: 32, int64: 176 }, []],
	["tiny-lcm/unet", { float32: 89312, int64: 176, float16: 87680 }, ["weights.pb"]],
	["tiny-xl/text_encoder", { float32: 17680, int64: 136, bool: 256, int32: 4, float16: 24032 }, ["model.onnx_data"]],
])("finds the weights of %s", async (folder, bytes, files) => {
	expect(await readGraphWeights(graphOf(folder))).toEqual({ bytes, files });
});

test("says that a file is missing", async () => {
	const path = join(scratch, "missing.onnx");
	await expect(readGraphWeights(path)).rejects.toMatchObject({ code: "MODEL_INVALID", input: path });
});

test("refuses what is no graph, wherever it is cut and whatever bytes it holds", async () => {
	const graph = readFileSync(graphOf("tiny-xl/text_encoder"));
	const cut = fc.integer({ min: 0, max: graph.length - 1 }).map((length) => graph.subarray(0, length));
	await fc.assert(
		fc.asyncProperty(fc.oneof(cut, fc.uint8Array({ maxLength: 200 })), async (bytes) => {
			const path = join(scratch, "broken.onnx");
			await writeFile(path, bytes);
			const refusal = await readGraphWeights(path).then(
				() => undefined,
				(error) => error,
			);
			// Bytes may happen to be a message with an empty graph; a cut one is so only between two fields of the model.
			expect(refusal?.code ?? "MODEL_INVALID").toBe("MODEL_INVALID");
		}),
		{ numRuns: 200 },
	);
	await writeFile(join(scratch, "cut.onnx"), graph.subarray(0, graph.length / 2));
	await expect(readGraphWeights(join(scratch, "cut.onnx"))).rejects.toMatchObject({ code: "MODEL_INVALID" });
});
