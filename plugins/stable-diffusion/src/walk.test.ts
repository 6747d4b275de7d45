import type { PixelImage } from "dediffusion/plugin";
import { describe, expect, it } from "vitest";
import { stableDiffusion } from "./index.ts";
import { wholeFolder } from "./testing/families.ts";
import { watchedInference } from "./testing/inference.ts";
import { open, temporary } from "./testing/opened.ts";
import { draw } from "./testing/pictures.ts";

const folders = new Map(["tiny-epsilon", "tiny-xl"].map((name) => [name, temporary(wholeFolder(name))]));

async function drawWith(
	folder: string,
	options: object,
	request: object,
): Promise<{ picture: PixelImage; batches: number[] }> {
	const batches: number[] = [];
	const inference = watchedInference(({ sample }) => {
		if (sample) batches.push(sample.dims[0] as number);
	});
	const decoder = await open(folders.get(folder) as string, options, inference);
	const [picture] = await draw(decoder, [{ prompt: "a red dog", seed: 4, steps: 8, guidanceScale: 6, ...request }]);
	return { picture: picture as PixelImage, batches };
}

describe("a guidance interval", () => {
	it.each([
		[
			[0, 1],
			[2, 2, 2, 2, 2, 2, 2, 2],
		],
		[
			[0, 0.5],
			[2, 2, 2, 2, 1, 1, 1, 1],
		],
		[
			[0.25, 0.75],
			[1, 1, 2, 2, 2, 2, 1, 1],
		],
		[
			[0, 0],
			[1, 1, 1, 1, 1, 1, 1, 1],
		],
	])("of %j predicts without the text only inside of it", async (guidanceInterval, batches) => {
		expect((await drawWith("tiny-epsilon", { guidanceInterval }, {})).batches).toEqual(batches);
	});

	it.each(["tiny-epsilon", "tiny-xl"])("that is empty draws what no guidance draws: %s", async (folder) => {
		const never = await drawWith(folder, { guidanceInterval: [0.5, 0.5] }, {});
		const off = await drawWith(folder, {}, { guidanceScale: 1 });
		expect(never.picture).toEqual(off.picture);
	});

	it("that ends early draws something between none and all", async () => {
		const pictures = [];
		for (const end of [0, 0.5, 1]) {
			pictures.push((await drawWith("tiny-epsilon", { guidanceInterval: [0, end] }, {})).picture);
		}
		expect(new Set(pictures.map(({ data }) => Buffer.from(data).toString("hex"))).size).toBe(3);
	});

	it("may not end before it begins", () => {
		expect(() => stableDiffusion({ models: [{ id: "a", folder: "b", guidanceInterval: [0.6, 0.4] }] })).toThrow(
			expect.objectContaining({ code: "CONFIG_INVALID" }),
		);
	});
});
