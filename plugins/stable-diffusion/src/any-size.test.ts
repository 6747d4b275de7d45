import { rmSync } from "node:fs";
import type { DecodeRequest, Decoder, PixelImage } from "dediffusion/plugin";
import { checkDecoder, testHost } from "dediffusion/plugin/testing";
import { afterAll, describe, expect, it } from "vitest";
import { stableDiffusion } from "./index.ts";
import { wholeFolder } from "./testing/families.ts";
import { createTestInference } from "./testing/inference.ts";
import { draw, psnr } from "./testing/pictures.ts";
import { readSizes } from "./testing/sizes.ts";

const folders: string[] = [];
const opened: Decoder[] = [];

afterAll(async () => {
	await Promise.all(opened.map((decoder) => decoder.close?.()));
	for (const folder of folders) rmSync(folder, { recursive: true });
});

async function open(folder: string): Promise<Decoder> {
	const plugin = stableDiffusion({ models: [{ id: "tiny", folder, steps: 2, guidanceScale: 3 }] });
	const [decoder] = await plugin.setup(testHost({ inference: createTestInference() }));
	opened.push(decoder as Decoder);
	return decoder as Decoder;
}

function scratchFolder(...names: readonly [string, ...string[]]): string {
	const folder = wholeFolder(...names);
	folders.push(folder);
	return folder;
}

const any = await open(scratchFolder("tiny-sizes", "tiny-image"));

describe("a U-Net that was exported from a size that its halvings do not divide", () => {
	it("draws multiples of a latent cell", () => {
		expect(any.capabilities.size).toEqual({ min: 8, max: 64, multipleOf: 4 });
	});

	it.each(readSizes())("draws what diffusers draws: $request.width x $request.height", async ({ request, picture }) => {
		const [drawn] = await draw(any, [request]);
		expect(psnr(drawn as PixelImage, picture)).toBeGreaterThanOrEqual(50);
	});

	it("starts from a picture of such a size", async () => {
		const [width, height] = [44, 36];
		const from = (level: number): DecodeRequest => ({
			...{ prompt: "a red dog", seed: 1, steps: 4, width, height },
			initialImage: {
				image: { kind: "pixels", width, height, data: new Uint8Array(width * height * 3).fill(level) },
				strength: 0.5,
			},
		});
		const [dark, light] = await draw(any, [from(0), from(255)]);
		expect(dark).toMatchObject({ width, height });
		expect(dark).not.toEqual(light);
	});

	it("keeps to the contract of the SDK", async () => {
		await checkDecoder(await open(scratchFolder("tiny-sizes")), { prompt: "a red dog" });
	});
});
