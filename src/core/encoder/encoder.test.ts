import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tinyEncoder, tinyPipeline } from "../../../test/fixtures.ts";
import { type Colour, plainPicture, striped, wideLimits } from "../../../test/pictures.ts";
import type { Tensor } from "../../plugins/index.ts";
import { createInference } from "../inference/pool.ts";
import { readPicture } from "../picture/picture.ts";
import { readVocabulary } from "../text/vocabulary.ts";
import { openEncoder } from "./encoder.ts";

const inference = createInference({ providers: ["cpu"], threads: 1 });
const scratch: string[] = [];

afterAll(async () => {
	await inference.close();
	await Promise.all(scratch.map((folder) => rm(folder, { recursive: true })));
});

const encoder = await openEncoder("tiny", tinyEncoder, inference);
const colours: readonly Colour[] = [
	[255, 0, 0],
	[0, 255, 0],
	[0, 0, 255],
	[255, 255, 255],
	[0, 0, 0],
];
const pictures = await Promise.all(colours.map((colour) => plainPicture(colour)));
const [red, green, blue] = pictures as [(typeof pictures)[0], (typeof pictures)[0], (typeof pictures)[0]];

const dataOf = (tensor: Tensor | undefined) => (tensor as Tensor).data;

async function folderWith(change: Readonly<Record<string, unknown>>): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "encoder-"));
	scratch.push(folder);
	await cp(tinyEncoder, folder, { recursive: true });
	const path = join(folder, "config.json");
	await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), ...change }));
	return folder;
}

describe("an encoder", () => {
	it("says what it is", () => {
		expect(encoder.info).toEqual({
			id: "tiny",
			name: "Tiny encoder",
			lane: "cpu",
			settings: ["length"],
			deterministic: true,
			imageSize: 16,
			tokens: 4,
			vocabulary: expect.any(Number),
			decoder: "tiny-epsilon",
			device: { provider: "cpu", skipped: [] },
		});
	});

	it("says of a picture what its graph chooses, how surely, and where it looked", async () => {
		const vocabulary = await readVocabulary(join(tinyEncoder, "tokenizer", "vocab.json"));
		const text = await encoder.encode(red);
		expect(text.encoder).toBe("tiny");
		expect(text.tokens).toHaveLength(4);
		expect(text.text).toBe(text.tokens.map((token) => token.text).join(" "));
		for (const { id, text: word, score, attention } of text.tokens) {
			expect(vocabulary.read(id)).toBe(word);
			expect(score).toBeGreaterThan(1 / 12);
			expect(score).toBeLessThanOrEqual(1);
			expect(attention).toMatchObject({ width: 2, height: 2 });
			expect(attention.weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 5);
		}
	});

	it("says something else of another picture, and the same of the same", async () => {
		const texts = await Promise.all(pictures.map((picture) => encoder.encode(picture)));
		expect(new Set(texts.map(({ text }) => text)).size).toBe(colours.length);
		expect((await encoder.encode(green)).text).toBe(texts[1]?.text);
	});

	it("gives its graph RGB planes, less the mean, by the deviation", async () => {
		const mean = [0.1, 0.2, 0.3] as const;
		const std = [0.5, 0.25, 2] as const;
		const unusual = await openEncoder("unusual", await folderWith({ mean, std }), inference);
		const twoColours: readonly Colour[] = [
			[200, 100, 50],
			[10, 20, 250],
		];
		const picture = await readPicture(await striped(twoColours, 16, 16).png().toBuffer(), wideLimits);

		const planes = [0, 1, 2].flatMap((channel) =>
			Array.from({ length: 256 }, (_, pixel) => {
				const colour = twoColours[pixel % 16 < 8 ? 0 : 1] as Colour;
				return ((colour[channel] as number) / 255 - (mean[channel] as number)) / (std[channel] as number);
			}),
		);
		const session = await inference.open(join(tinyEncoder, "model.onnx"));
		const expected = await session.run({
			pixel_values: { type: "float32", dims: [1, 3, 16, 16], data: Float32Array.from(planes) },
		});

		const { tokens } = await unusual.encode(picture);
		expect(tokens.map(({ id }) => BigInt(id))).toEqual([...dataOf(expected.token_ids)]);
		const scores = dataOf(expected.token_scores);
		tokens.forEach(({ score }, index) => {
			expect(score).toBeCloseTo(scores[index] as number, 4);
		});
	});

	it("sees a picture of any shape, its middle", async () => {
		const wide = await readPicture(
			await striped([colours[0], colours[1], colours[1], colours[0]] as Colour[], 128, 64)
				.png()
				.toBuffer(),
			wideLimits,
		);
		expect((await encoder.encode(wide)).text).toBe((await encoder.encode(green)).text);
	});

	it("gives the first tokens when fewer are asked for", async () => {
		const whole = await encoder.encode(blue);
		const short = await encoder.encode(blue, { length: 2 });
		expect(short.tokens).toEqual(whole.tokens.slice(0, 2));
		expect(whole.text.startsWith(`${short.text} `)).toBe(true);
	});

	it.each([0, 5, -1, 1.5, Number.NaN])("refuses to give %d tokens", async (length) => {
		await expect(encoder.encode(red, { length })).rejects.toMatchObject({ code: "INPUT_INVALID", input: "length" });
	});
});

describe("requests of one moment", () => {
	async function counting(maxBatch?: number) {
		const sizes: number[] = [];
		const onBatch = (size: number) => void sizes.push(size);
		return { sizes, encoder: await openEncoder("tiny", tinyEncoder, inference, { maxBatch, onBatch }) };
	}

	it("share one run, and each gets the text that it gets alone", async () => {
		const { sizes, encoder } = await counting();
		const together = await Promise.all(pictures.map((picture) => encoder.encode(picture)));
		expect(sizes).toEqual([5]);
		for (const [index, picture] of pictures.entries()) {
			expect((await encoder.encode(picture)).text).toBe(together[index]?.text);
		}
		expect(sizes).toEqual([5, 1, 1, 1, 1, 1]);
	});

	it("are cut into runs of at most so many", async () => {
		const { sizes, encoder } = await counting(2);
		const texts = await Promise.all(pictures.map((picture) => encoder.encode(picture)));
		expect(sizes).toEqual([2, 2, 1]);
		expect(new Set(texts.map(({ text }) => text)).size).toBe(5);
	});

	it("that come while a run is on share the next one", async () => {
		const sizes: number[] = [];
		let later: Promise<unknown> | undefined;
		const encoder = await openEncoder("tiny", tinyEncoder, inference, {
			onBatch(size) {
				sizes.push(size);
				later ??= Promise.all([green, blue, green].map((picture) => encoder.encode(picture)));
			},
		});
		await encoder.encode(red);
		await later;
		expect(sizes).toEqual([1, 3]);
	});

	it("fail alone when a picture is damaged", async () => {
		const { sizes, encoder } = await counting();
		const damaged = { ...red, id: "damaged", bytes: red.bytes.subarray(0, 30) };
		const [bad, good] = await Promise.allSettled([encoder.encode(damaged), encoder.encode(green)]);
		expect(bad).toMatchObject({ status: "rejected", reason: { code: "PICTURE_UNREADABLE" } });
		expect(good).toMatchObject({ status: "fulfilled" });
		expect(sizes).toEqual([1]);
	});

	it("cost no run when all were given up", async () => {
		const { sizes, encoder } = await counting();
		const signal = AbortSignal.abort();
		const requests = await Promise.allSettled([encoder.encode(red, { signal }), encoder.encode(blue, { signal })]);
		expect(requests).toMatchObject([{ reason: { code: "ABORTED" } }, { reason: { code: "ABORTED" } }]);
		expect(sizes).toEqual([]);
	});

	it("that are given up while they wait leave the run to the others", async () => {
		const { sizes, encoder } = await counting();
		const controller = new AbortController();
		const given = encoder.encode(red, { signal: controller.signal });
		const kept = encoder.encode(blue);
		controller.abort();
		await expect(given).rejects.toMatchObject({ code: "ABORTED" });
		expect((await kept).tokens).toHaveLength(4);
		expect(sizes).toEqual([1]);
	});

	it("go on after a run that failed", async () => {
		const encoder = await openEncoder("tiny", tinyEncoder, inference);
		await encoder.close();
		await expect(encoder.encode(red)).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
		await expect(encoder.encode(red)).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
	});
});

describe("a graph that does not fit its config.json is refused", () => {
	it("when it is missing", async () => {
		const folder = await folderWith({});
		await rm(join(folder, "model.onnx"));
		await expect(openEncoder("tiny", folder, inference)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "model.onnx"),
		});
	});

	it("when it is no encoder's", async () => {
		const folder = await folderWith({});
		await copyFile(join(tinyPipeline, "vae_decoder", "model.onnx"), join(folder, "model.onnx"));
		await expect(openEncoder("tiny", folder, inference)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "model.onnx"),
			message: expect.stringContaining("pixel_values"),
		});
	});

	it.each([
		[{ imageSize: 32 }, "pixel_values"],
		[{ tokens: 5 }, "token_ids"],
		[{ attention: [3, 2] }, "attention"],
	])("when it has other shapes than %j", async (change, name) => {
		const folder = await folderWith(change);
		await expect(openEncoder("tiny", folder, inference)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "model.onnx"),
			message: expect.stringContaining(name),
		});
	});

	it("when its tokens are not in its vocabulary", async () => {
		const folder = await folderWith({});
		await writeFile(join(folder, "tokenizer", "vocab.json"), '{"a</w>": 0}');
		const encoder = await openEncoder("tiny", folder, inference);
		await expect(encoder.encode(red)).rejects.toMatchObject({ code: "MODEL_INVALID", input: "vocab.json" });
	});
});
