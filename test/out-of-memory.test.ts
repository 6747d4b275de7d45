import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import { afterAll, describe, expect, it } from "vitest";
import { createInference } from "../src/core/inference/pool.ts";
import type { DecodeProgress, DecodeRequest, Decoder } from "../src/plugins/index.ts";
import { testHost } from "../src/plugins/testing/index.ts";
import { tinyPipeline } from "./fixtures.ts";
import { type Hunger, makeHungry } from "./hungry-graph.ts";

const scratch = await mkdtemp(join(tmpdir(), "memory-"));
const inference = createInference({ providers: ["cpu"], threads: 1 });

afterAll(async () => {
	await inference.close();
	await rm(scratch, { recursive: true });
});

/** The tiny pipeline, with a U-Net that needs more memory than it has. */
async function decoderOf(hunger?: Hunger, options: object = {}): Promise<Decoder> {
	const folder = await mkdtemp(join(scratch, "pipeline-"));
	await cp(tinyPipeline, folder, { recursive: true });
	if (hunger) await makeHungry(join(folder, "unet", "model.onnx"), hunger);
	const plugin = stableDiffusion({ models: [{ id: "tiny", folder, ...options }] });
	const [decoder] = await plugin.setup(testHost({ inference }));
	return decoder as Decoder;
}

function draw(decoder: Decoder, requests: readonly DecodeRequest[], progress: DecodeProgress[] = []) {
	return decoder.generate(requests, {
		signal: new AbortController().signal,
		onProgress: (seen) => progress.push(seen),
	});
}

const requests = [1, 2, 3, 4].map((seed) => ({ prompt: "a red dog", seed, steps: 3, guidanceScale: 4 }));
const alone = requests.slice(0, 1);

describe("a run for which there is not enough memory", () => {
	it.each([{}, { previewEvery: 1 }])(
		"is split until the parts fit, and draws the same pictures: %j",
		async (options) => {
			const progress: DecodeProgress[] = [];
			const pictures = await draw(await decoderOf({ exponent: 20, least: 1 }, options), requests, progress);
			expect(pictures.map(({ status }) => status)).toEqual(requests.map(() => "done"));
			const expected = [];
			const plain = await decoderOf();
			for (const request of requests) expected.push(...(await draw(plain, [request])));
			expect(pictures).toEqual(expected);
			const finished = progress.filter(({ fraction }) => fraction === 1).map(({ request }) => request);
			expect(finished).toEqual([0, 1, 2, 3]);
		},
	);

	it("is split in the two predictions of guidance for one picture", async () => {
		const decoder = await decoderOf({ exponent: 40, least: 1 });
		expect(await draw(decoder, alone)).toEqual(await draw(await decoderOf(), alone));
	});

	it("is refused by name once not even that fits, and the thread goes on", async () => {
		const decoder = await decoderOf({ exponent: 1, least: 2 ** 40 });
		await expect(draw(decoder, requests)).rejects.toMatchObject({
			code: "OUT_OF_MEMORY",
			input: join(decoder.model?.folder as string, "unet", "model.onnx"),
			message: expect.stringContaining("Not even one picture fits."),
			advice: expect.stringContaining("smaller picture"),
		});
		expect(await draw(await decoderOf(), alone)).toMatchObject([{ status: "done" }]);
	});
});
