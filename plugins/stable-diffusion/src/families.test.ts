import { createHash } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DecodeProgress, PixelImage, TensorSignature } from "dediffusion/plugin";
import { describe, expect, it } from "vitest";
import { type FamilyFixture, readDrawn, wholeFolder } from "./testing/families.ts";
import { createTestInference } from "./testing/inference.ts";
import { open as openWith, temporary } from "./testing/opened.ts";
import { fixture } from "./testing/parity.ts";
import { draw, psnr } from "./testing/pictures.ts";

const { cases, hashes } = readDrawn("families");
const inference = createTestInference();
const folders = new Map<string, string>();

function folderOf(name: string): string {
	const folder = folders.get(name) ?? temporary(wholeFolder(name));
	folders.set(name, folder);
	return folder;
}

/** All of them through one inference, which keeps their graphs. */
const open = (folder: string, options: object = {}) => openWith(folder, options, inference);

function requestsOf(fixture: FamilyFixture) {
	const { prompts, seeds, steps, guidanceScale, width, height, scheduler, negativePrompt } = fixture;
	return seeds.map((seed, index) => ({
		...{ prompt: prompts[index] as string, seed, steps, guidanceScale, width, height },
		...(scheduler === undefined ? {} : { scheduler }),
		...(negativePrompt === undefined ? {} : { negativePrompt }),
	}));
}

function title({ family, pictures, seeds, prompts, ...settings }: FamilyFixture): string {
	return `${family}, ${pictures.length} at once: ${JSON.stringify(settings)}`;
}

it("has the fixtures whose hashes were recorded", () => {
	for (const [path, hash] of Object.entries(hashes)) {
		expect(
			createHash("sha256")
				.update(readFileSync(fixture(path)))
				.digest("hex"),
			path,
		).toBe(hash);
	}
});

describe("draws what diffusers draws from the same seeds", () => {
	it.each(cases.map((request) => [title(request), request] as const))("%s", async (_, request) => {
		const { guidanceRescale = 0, clipSkip = 0 } = request;
		const decoder = await open(folderOf(request.folder), { guidanceRescale, clipSkip });
		const pictures = await draw(decoder, requestsOf(request));
		const ratios = pictures.map((picture, index) => psnr(picture, request.pictures[index] as PixelImage));
		expect(Math.min(...ratios)).toBeGreaterThanOrEqual(50);
	});
});

describe("a family's own defaults", () => {
	it.each([
		["tiny-epsilon", { steps: 25, guidanceScale: 7.5, scheduler: "ddim" }],
		["tiny-xl", { steps: 25, guidanceScale: 5, scheduler: "euler" }],
		["tiny-lcm", { steps: 4, guidanceScale: 8.5, scheduler: "lcm" }],
	])("of %s are %j", async (folder, defaults) => {
		expect((await open(folderOf(folder))).capabilities.defaults).toMatchObject(defaults);
	});
});

describe("graphs of every dialect are what they say", () => {
	it.each([
		["tiny-epsilon", "unet", { timestep: ["float32", []], input: "float32" }],
		["tiny-xl", "unet", { timestep: ["float32", ["free"]], input: "float32" }],
		["tiny-lcm", "unet", { timestep: ["int64", [1]], input: "float32" }],
		["tiny-half", "unet", { timestep: ["float16", ["free"]], input: "float16" }],
	])("%s", async (folder, part, { timestep: [type, dims], input }) => {
		const session = await inference.open(join(folderOf(folder), part, "model.onnx"));
		const sizes = (signature: TensorSignature) =>
			signature.dims.map((size) => (Number.isInteger(size) ? size : "free"));
		const declared = Object.fromEntries(
			session.inputs.map((signature) => [signature.name, { type: signature.type, dims: sizes(signature) }]),
		);
		expect(declared.timestep).toEqual({ type, dims });
		expect(declared.sample?.type).toBe(input);
		await session.close();
	});

	it("draw in float16 what they draw in float32, but for its coarseness", async () => {
		const requests = [1, 2].map((seed) => ({ prompt: "a red dog", seed, steps: 6, guidanceScale: 3 }));
		const coarse = await draw(await open(folderOf("tiny-half")), requests);
		const fine = await draw(await open(folderOf("tiny-epsilon")), requests);
		for (const [index, picture] of coarse.entries()) {
			expect(psnr(picture, fine[index] as PixelImage)).toBeGreaterThan(30);
		}
	});
});

describe("a missing negative prompt", () => {
	const request = { prompt: "a red dog", seed: 3, steps: 3, guidanceScale: 5 };

	it("is not an empty one where the folder says so", async () => {
		const decoder = await open(folderOf("tiny-xl"));
		const [missing, empty] = await draw(decoder, [request, { ...request, negativePrompt: "" }]);
		expect(psnr(missing as PixelImage, empty as PixelImage)).toBeLessThan(45);
	});

	it("is an empty one where it does not", async () => {
		const folder = wholeFolder("tiny-xl");
		folders.set("tiny-xl without zeros", folder);
		const file = join(folder, "model_index.json");
		const index = JSON.parse(readFileSync(file, "utf8"));
		writeFileSync(file, JSON.stringify({ ...index, force_zeros_for_empty_prompt: false }));
		const [missing, empty] = await draw(await open(folder), [request, { ...request, negativePrompt: "" }]);
		expect(psnr(missing as PixelImage, empty as PixelImage)).toBeGreaterThan(55);
	});
});

describe("a latent consistency model", () => {
	it("says that it takes no negative prompt, and adjusts steps beyond its training", async () => {
		const decoder = await open(folderOf("tiny-lcm"));
		const [result] = await decoder.generate(
			[{ prompt: "a cat", negativePrompt: "a dog", seed: 1, steps: 60, guidanceScale: 4 }],
			{ signal: new AbortController().signal, onProgress: () => {} },
		);
		expect(result?.warnings).toMatchObject([
			{ type: "adjusted", setting: "steps", message: "steps 60 became 50" },
			{ type: "unsupported", setting: "negativePrompt", message: expect.stringContaining("distilled") },
		]);
	});
});

describe("an option", () => {
	it("previewEvery shows pictures that come ever closer", async () => {
		const decoder = await open(folderOf("tiny-epsilon"), { previewEvery: 4 });
		const seen: DecodeProgress[] = [];
		const [result] = await decoder.generate([{ prompt: "a tree", seed: 1, steps: 16, guidanceScale: 1 }], {
			signal: new AbortController().signal,
			onProgress: (progress) => seen.push(progress),
		});
		const previews = seen.filter(({ preview }) => preview !== undefined);
		expect(previews.map(({ message }) => message)).toEqual(["step 4 of 16", "step 8 of 16", "step 12 of 16"]);
		const last = result?.status === "done" ? (result.image as PixelImage) : undefined;
		const ratios = previews.map(({ preview }) => psnr(preview as PixelImage, last as PixelImage));
		expect(ratios).toEqual([...ratios].sort((a, b) => a - b));
	});

	it("clipSkip is refused where encoders do not give their layers", async () => {
		const decoder = await open(folderOf("tiny-epsilon"), { clipSkip: 1 });
		await expect(draw(decoder, [{ prompt: "a", seed: 1 }])).rejects.toMatchObject({
			code: "MODEL_INVALID",
			message: expect.stringContaining("clipSkip"),
			advice: expect.stringContaining("Leave clipSkip out"),
		});
	});

	it.each(["tiny-xl", "tiny-layers"])("clipSkip is refused beyond the first layer: %s", async (folder) => {
		const decoder = await open(folderOf(folder), { clipSkip: 5 });
		await expect(draw(decoder, [{ prompt: "a", seed: 1 }])).rejects.toMatchObject({
			code: "MODEL_INVALID",
			message: expect.stringContaining("too few layers"),
		});
	});

	it("scheduler is refused where the folder's file does not fit it", async () => {
		const folder = wholeFolder("tiny-epsilon");
		folders.set("tiny-epsilon for samples", folder);
		const file = join(folder, "scheduler", "scheduler_config.json");
		const config = JSON.parse(readFileSync(file, "utf8"));
		writeFileSync(file, JSON.stringify({ ...config, prediction_type: "sample", lambda: Number.NaN }));
		await expect(open(folder, { scheduler: "pndm" })).rejects.toMatchObject({
			code: "SCHEDULER_UNKNOWN",
			input: "models.tiny.scheduler",
		});
	});
});

describe("a folder", () => {
	it("of the oldest exporter needs no configuration of its parts", async () => {
		const folder = wholeFolder("tiny-epsilon");
		folders.set("tiny-epsilon without configurations", folder);
		writeFileSync(join(folder, "model_index.json"), '{"_class_name": "OnnxStableDiffusionPipeline"}');
		for (const part of ["text_encoder", "unet", "vae_decoder"]) rmSync(join(folder, part, "config.json"));
		expect((await open(folder)).capabilities).toMatchObject({
			size: { min: 64, max: 1024, multipleOf: 64 },
			defaults: { width: 512, height: 512 },
		});
	});

	it("may hold the infinities that Python writes", async () => {
		const folder = wholeFolder("tiny-epsilon");
		folders.set("tiny-epsilon with infinities", folder);
		const file = '{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "x": "-Infinity"}';
		writeFileSync(join(folder, "scheduler", "scheduler_config.json"), file);
		expect((await open(folder)).capabilities.defaults.scheduler).toBe("dpm-solver");
	});

	it("of a family without what the family needs is refused", async () => {
		const folder = wholeFolder("tiny-xl");
		folders.set("tiny-xl without conditions", folder);
		cpSync(fixture("tiny-epsilon/unet/config.json"), join(folder, "unet", "config.json"));
		await expect(open(folder)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			message: expect.stringContaining("additional conditions"),
		});
	});
});
