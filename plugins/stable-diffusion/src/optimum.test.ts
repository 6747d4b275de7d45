import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PixelImage } from "dediffusion/plugin";
import { describe, expect, it } from "vitest";
import { inspectPipeline } from "./index.ts";
import { exportedFolder, type FamilyFixture, readDrawn } from "./testing/families.ts";
import { createTestInference } from "./testing/inference.ts";
import { open, temporary } from "./testing/opened.ts";
import { draw, psnr } from "./testing/pictures.ts";

type Family = FamilyFixture["family"];

const { cases, hashes } = readDrawn("optimum");
const families: readonly Family[] = ["sd1", "sd2", "xl", "lcm", "turbo"];
const folders = new Map(families.map((family) => [family, temporary(exportedFolder(family))]));
const inference = createTestInference();

const folderOf = (family: Family) => folders.get(family) as string;

async function worstRatio(request: FamilyFixture): Promise<number> {
	const { family, prompts, seeds, pictures, guidanceRescale = 0, clipSkip = 0, folder: _, ...settings } = request;
	const decoder = await open(folderOf(family), { guidanceRescale, clipSkip }, inference);
	const requests = seeds.map((seed, index) => ({ ...settings, prompt: prompts[index] as string, seed }));
	const drawn = await draw(decoder, requests);
	return Math.min(...drawn.map((picture, index) => psnr(picture, pictures[index] as PixelImage)));
}

const titled = (request: FamilyFixture) => {
	const { family, prompts, seeds, pictures, folder, ...settings } = request;
	return [`${family}, ${seeds.length} at once: ${JSON.stringify(settings)}`, request] as const;
};

describe("folders that optimum-onnx exported", () => {
	it("are what it wrote, byte for byte", () => {
		const files = Object.entries(hashes).map(([path, hash]) => {
			const [family, ...inside] = path.split("/") as [Family, ...string[]];
			return { file: join(folderOf(family), ...inside), hash, isMissing: inside[0] === "vae_encoder" };
		});
		for (const { file, hash, isMissing } of files) {
			expect(existsSync(file), file).toBe(!isMissing);
			if (!isMissing) expect(createHash("sha256").update(readFileSync(file)).digest("hex"), file).toBe(hash);
		}
	});

	it.each(families)("are ones to draw with: %s", async (family) => {
		const { problems, graphs } = await inspectPipeline(folderOf(family), inference);
		expect(problems).toEqual([]);
		const inputs = graphs.flatMap(({ session }) => session?.inputs ?? []);
		expect(inputs.find(({ name }) => name === "timestep")).toMatchObject({ type: "float32", dims: [] });
		expect(inputs.find(({ name }) => name === "input_ids")).toMatchObject({ type: "int64" });
	});
});

describe("they draw what diffusers draws with the same weights", () => {
	it.each(readDrawn("families").cases.map(titled))("%s", async (_, request) => {
		expect(await worstRatio(request)).toBeGreaterThanOrEqual(50);
	});
});

describe("they draw what optimum-onnx draws with them", () => {
	it.each(cases.map(titled))("%s", async (_, request) => {
		expect(await worstRatio(request)).toBeGreaterThanOrEqual(50);
	});
});
