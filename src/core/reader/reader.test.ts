import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tinyEncoder, tinyReader } from "../../../test/fixtures.ts";
import { type Colour, plainPicture, striped, wideLimits } from "../../../test/pictures.ts";
import { createInference } from "../inference/pool.ts";
import { readPicture } from "../picture/picture.ts";
import { toPixels } from "../picture/pixels.ts";
import { openReader } from "./reader.ts";

const inference = createInference({ providers: ["cpu"], threads: 1 });
const scratch = await mkdtemp(join(tmpdir(), "reader-"));
afterAll(async () => {
	await inference.close();
	await rm(scratch, { recursive: true });
});

const [red, white, black]: Colour[] = [
	[255, 0, 0],
	[255, 255, 255],
	[0, 0, 0],
] as const satisfies Colour[];
const halves = async (...colours: Colour[]) =>
	toPixels(await readPicture(await striped(colours, 32, 32).png().toBuffer(), wideLimits));

const pictures = [
	await toPixels(await plainPicture(red as Colour, 32)),
	await halves(white as Colour, black as Colour),
	await halves(black as Colour, white as Colour),
];
const reader = await openReader(tinyReader, inference);

describe("a reader", () => {
	it("says which words each picture shows", async () => {
		const { words } = await reader.read(pictures);
		expect(words).toEqual([new Set(["red"]), new Set(["cat"]), new Set(["dog"])]);
	});

	it("gives the features behind them: here the averages of a picture's quarters, channel by channel", async () => {
		const { features } = await reader.read(pictures);
		expect(features).toMatchObject({ count: 3, width: 12 });
		const rows = [0, 1].map((row) => [...features.data.subarray(row * 12, (row + 1) * 12)]);
		expect(rows[0]).toEqual([1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1]);
		expect(rows[1]).toEqual([1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1]);
	});

	it("reads the same whatever fits into one run", async () => {
		const oneByOne = await openReader(tinyReader, inference, { maxBatch: 1 });
		expect(await oneByOne.read(pictures)).toEqual(await reader.read(pictures));
	});

	it("refuses pictures of another size, and none", async () => {
		const small = await toPixels(await plainPicture(red as Colour, 16));
		await expect(reader.read([small])).rejects.toThrow("The reader sees 32 x 32 pixels; a picture has 16 x 16.");
		await expect(reader.read([])).rejects.toThrow(RangeError);
	});

	it("is refused when its graph is another model's", async () => {
		const folder = join(scratch, "confused");
		await cp(tinyReader, folder, { recursive: true });
		await cp(join(tinyEncoder, "model.onnx"), join(folder, "model.onnx"));
		await expect(openReader(folder, inference)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "model.onnx"),
			message: expect.stringContaining("pixel_values of float32 [batch, 3, 32, 32]"),
		});
	});

	it("is refused when it knows more words than its graph", async () => {
		const folder = join(scratch, "wordy");
		await cp(tinyReader, folder, { recursive: true });
		const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
		await writeFile(join(folder, "config.json"), JSON.stringify({ ...config, words: [...config.words, "sun"] }));
		await expect(openReader(folder, inference)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			message: expect.stringContaining("logits of float32 [batch, 6]"),
		});
	});
});
