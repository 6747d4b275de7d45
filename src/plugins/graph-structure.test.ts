import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyPipeline } from "../../test/fixtures.ts";
import { type GraphStructure, readGraphStructure } from "./graph-structure.ts";

let scratch: string;
beforeAll(async () => {
	scratch = await mkdtemp(join(tmpdir(), "dediffusion-structure-"));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A model with these inputs and operators (onnx.proto); without weights, outputs and attributes it cannot be run. */
function graphFile({ inputs, nodes }: GraphStructure): Buffer {
	const values = Object.entries(inputs).map(([name, sizes]) => {
		const shape = sizes.map((size) => field(1, typeof size === "number" ? number(1, size) : text(2, size)));
		return field(11, text(1, name), field(2, field(1, number(1, 1), field(2, ...shape))));
	});
	const operators = nodes.map((node) =>
		field(1, ...node.inputs.map((input) => text(1, input)), text(4, node.operator)),
	);
	return field(7, ...operators, ...values);
}

const text = (tag: number, value: string) => field(tag, Buffer.from(value));
const number = (tag: number, value: number) => Buffer.from([...varint(tag * 8), ...varint(value)]);

/** A field of bytes. */
function field(tag: number, ...parts: readonly Buffer[]): Buffer {
	const content = Buffer.concat(parts);
	return Buffer.concat([Buffer.from([...varint(tag * 8 + 2), ...varint(content.length)]), content]);
}

function varint(value: number): number[] {
	return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

describe("a graph's structure", () => {
	it("is what the exporter wrote", async () => {
		const { inputs, nodes } = await readGraphStructure(join(tinyPipeline, "unet", "model.onnx"), ["Resize"]);
		expect(inputs).toEqual({
			sample: ["batch_size", 4, "height", "width"],
			timestep: [],
			encoder_hidden_states: ["batch_size", "sequence_length", 32],
		});
		expect(nodes).toEqual([{ operator: "Resize", inputs: [expect.any(String), "", expect.any(String)] }]);
	});

	it("is read back from any file", async () => {
		const name = fc.string({ unit: "grapheme", maxLength: 12 });
		const size = fc.oneof(fc.integer({ min: 1, max: 100_000 }), name);
		const nodes = fc.array(
			fc.record({ operator: fc.constantFrom("Resize", "Conv", "Add"), inputs: fc.array(name, { maxLength: 4 }) }),
			{ maxLength: 8 },
		);
		const path = join(scratch, "any.onnx");
		await fc.assert(
			fc.asyncProperty(fc.dictionary(name, fc.array(size, { maxLength: 4 })), nodes, async (inputs, all) => {
				await writeFile(path, graphFile({ inputs, nodes: all }));
				const wanted = all.filter(({ operator }) => operator !== "Conv");
				expect(await readGraphStructure(path, ["Resize", "Add"])).toEqual({ inputs, nodes: wanted });
			}),
			{ numRuns: 50 },
		);
	});

	it("is refused where there is no graph", async () => {
		await writeFile(join(scratch, "empty.onnx"), "");
		for (const file of [join(scratch, "missing.onnx"), join(scratch, "empty.onnx"), join(dirname(tinyPipeline), "x")]) {
			await expect(readGraphStructure(file, [])).rejects.toMatchObject({ code: "MODEL_INVALID", input: file });
		}
	});
});
