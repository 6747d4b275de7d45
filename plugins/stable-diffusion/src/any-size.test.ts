import type { DecodeRequest, PixelImage } from "dediffusion/plugin";
import { checkDecoder } from "dediffusion/plugin/testing";
import { describe, expect, it } from "vitest";
import { wholeFolder } from "./testing/families.ts";
import { open, temporary } from "./testing/opened.ts";
import { draw, psnr } from "./testing/pictures.ts";
import { readSizes } from "./testing/sizes.ts";

const quick = { steps: 2, guidanceScale: 3 };
const folderOf = (...names: Parameters<typeof wholeFolder>) => temporary(wholeFolder(...names));
const any = await open(folderOf("tiny-sizes", "tiny-image"), quick);

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
		await checkDecoder(await open(folderOf("tiny-sizes"), quick), { prompt: "a red dog" });
	});
});
