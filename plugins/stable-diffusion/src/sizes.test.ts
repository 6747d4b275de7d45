import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GraphStructure, PixelImage } from "dediffusion/plugin";
import { describe, expect, it } from "vitest";
import { readGraphSizes, sizesOf } from "./sizes.ts";
import { wholeFolder } from "./testing/families.ts";
import { open, temporary } from "./testing/opened.ts";
import { fixture } from "./testing/parity.ts";
import { draw, psnr } from "./testing/pictures.ts";

const quick = { steps: 2, guidanceScale: 3 };
const never = new AbortController().signal;

const resize = (...inputs: string[]) => ({ operator: "Resize", inputs });
const structure = (sample: readonly (number | string)[], ...nodes: GraphStructure["nodes"]): GraphStructure => ({
	inputs: { timestep: [], sample },
	nodes,
});
const free = ["batch", 4, "height", "width"];

describe("the graph of a U-Net says", () => {
	it.each([
		["any size, where it resizes to sizes", structure(free, resize("x", "", "", "sizes")), { isAny: true }],
		["multiples, where it doubles", structure(free, resize("x", "", "factors")), { isAny: false }],
		[
			"multiples, where it doubles once",
			structure(free, resize("x", "", "", "sizes"), resize("y", "", "factors")),
			{ isAny: false },
		],
		["multiples, where it resizes in a way that is not known", structure(free), { isAny: false }],
		[
			"one size, where that stands in it",
			structure([2, 4, 8, 16], resize("x", "", "factors")),
			{ isAny: false, fixed: { width: 16, height: 8 } },
		],
	])("%s", (_, graph, sizes) => {
		expect(sizesOf(graph)).toEqual(sizes);
	});

	it("what is safe where it is damaged or missing", async () => {
		const path = join(temporary(wholeFolder("tiny-epsilon")), "unet", "model.onnx");
		writeFileSync(path, "no graph");
		expect(await readGraphSizes(path)).toEqual({ isAny: false });
		expect(await readGraphSizes(`${path}.missing`)).toEqual({ isAny: false });
		expect(await readGraphSizes(join(fixture("tiny-epsilon"), "unet", "model.onnx"))).toEqual({ isAny: false });
	});
});

/** Puts numbers for the free sizes into a graph's bytes: each is a message of a name, and becomes one of a number and a note. */
function withSize(graph: Buffer, height: number, width: number): Buffer {
	const number = (value: number, note: string) => `\x08${String.fromCharCode(value)}\x1a${note}`;
	const fixed = graph
		.toString("latin1")
		.replaceAll("\x12\x06height", number(height, "\x04high"))
		.replaceAll("\x12\x05width", number(width, "\x03far"));
	return Buffer.from(fixed, "latin1");
}

it("a graph of one size makes sizes no setting, says why, and draws that size", async () => {
	const folder = temporary(wholeFolder("tiny-epsilon"));
	const path = join(folder, "unet", "model.onnx");
	writeFileSync(path, withSize(readFileSync(path), 8, 16));
	const decoder = await open(folder, quick);
	const { settings, size, defaults, reasons } = decoder.capabilities;
	const [picture] = await draw(decoder, [{ prompt: "a red dog", seed: 1 }]);
	const [same] = await draw(await open(fixture("tiny-epsilon"), quick), [{ prompt: "a red dog", seed: 1, width: 64 }]);
	// With sizes known, the runtime orders its sums otherwise.
	expect(psnr(picture as PixelImage, same as PixelImage)).toBeGreaterThan(55);
	expect(settings).toEqual(["seed", "steps", "guidanceScale", "negativePrompt", "scheduler"]);
	expect({ size, defaults }).toMatchObject({
		size: { min: 32, max: 64, multipleOf: 4 },
		defaults: { width: 64, height: 32 },
	});
	expect(reasons).toMatchObject({
		width: expect.stringContaining("64 x 32"),
		height: expect.stringContaining("64 x 32"),
	});
});

it("other sizes become the nearest that the graph takes, with a warning", async () => {
	const decoder = await open(fixture("tiny-epsilon"), quick);
	const request = { prompt: "a red dog", seed: 1, width: 36, height: 32 };
	const [result] = await decoder.generate([request], { signal: never, onProgress: () => {} });
	expect(result?.warnings).toMatchObject([{ type: "adjusted", setting: "width" }]);
	expect(result).toMatchObject({ image: { width: 40, height: 32 } });
});
