import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testHost } from "dediffusion/plugin/testing";
import { afterAll, describe, expect, it } from "vitest";
import { comfyui } from "./index.ts";
import { textToImage, textToImageInputs } from "./testing/workflow.ts";

type Options = Parameters<typeof comfyui>[0];

const folder = mkdtempSync(join(tmpdir(), "dediffusion-comfyui-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const host = testHost();
const base: Options = { workflow: textToImage, inputs: { prompt: "6.text" } };
const open = async (options: Partial<Options>) => {
	const [decoder] = await comfyui({ ...base, ...options }).setup(host);
	return decoder;
};

describe("a workflow", () => {
	it("says what is used where a request is silent", async () => {
		const decoder = await open({ inputs: textToImageInputs, schedulers: ["dpmpp_2m"] });
		expect(decoder?.capabilities).toMatchObject({
			settings: ["seed", "steps", "guidanceScale", "negativePrompt", "width", "height", "scheduler"],
			schedulers: ["euler", "dpmpp_2m"],
			defaults: { width: 64, height: 64, steps: 4, guidanceScale: 8, scheduler: "euler" },
			maxBatch: 1,
			deterministic: true,
		});
	});

	it("honours what has a place in it and nothing else", async () => {
		const decoder = await open({ inputs: { prompt: "6.text", steps: ["3.steps"] }, width: 64, height: 72 });
		expect(decoder?.capabilities).toMatchObject({ settings: ["steps"], defaults: { width: 64, height: 72 } });
	});

	it("has no seed for each picture where several are drawn at once", async () => {
		const decoder = await open({ inputs: textToImageInputs, schedulers: ["euler"], maxImages: 4 });
		expect(decoder?.capabilities).toMatchObject({ maxBatch: 4, batches: "alike", deterministic: false });
		expect(decoder?.capabilities.settings).not.toContain("seed");
	});

	it("may be a file", async () => {
		const file = join(folder, "workflow.json");
		writeFileSync(file, JSON.stringify(textToImage));
		expect((await open({ workflow: file }))?.capabilities.settings).toEqual([]);
	});

	const { "9": _, ...withoutOutput } = textToImage;
	const twoOutputs = { ...textToImage, "10": { class_type: "PreviewImage", inputs: { images: ["8", 0] } } };
	const notJson = join(folder, "not.json");
	writeFileSync(notJson, '{"3": {');

	it.each<[string, Partial<Options>, object]>([
		[
			"without a node that an input names",
			{ inputs: { prompt: "60.text" } },
			{ input: "comfyui.inputs.prompt", message: "The workflow has no node 60.", advice: /6 \(CLIPTextEncode\)/ },
		],
		[
			"without the input of a node",
			{ inputs: { prompt: "6.text", seed: ["3.seed", "3.noise_seed"] } },
			{
				input: "comfyui.inputs.seed",
				message: "The node 3 (KSampler) has no input noise_seed.",
				advice: /seed, steps/,
			},
		],
		[
			"whose input comes from another node",
			{ inputs: { prompt: "3.positive" } },
			{ message: "The input positive of node 3 (KSampler) comes from node 6 (CLIPTextEncode)." },
		],
		["without the output that is named", { output: "99" }, { input: "comfyui.output", message: /no node 99/ }],
		["without an output", { workflow: withoutOutput }, { input: "comfyui.output", message: /^0 nodes/ }],
		[
			"with two outputs",
			{ workflow: twoOutputs },
			{ message: /^2 nodes/, advice: /9 \(SaveImage\), 10 \(PreviewImage\)/ },
		],
		[
			"as the page saves it",
			{ workflow: { nodes: [], links: [] } },
			{ input: "comfyui.workflow", advice: /API format/ },
		],
		["without nodes", { workflow: {} }, { message: /not in API format/ }],
		["that is not there", { workflow: join(folder, "none.json") }, { message: /cannot be read/ }],
		["that is cut off", { workflow: notJson }, { message: /no JSON/ }],
	])("%s is refused at the start", async (_, options, expected) => {
		const patterns = Object.entries(expected).map(([key, value]) => [
			key,
			value instanceof RegExp ? expect.stringMatching(value) : value,
		]);
		await expect(open(options)).rejects.toMatchObject({ code: "CONFIG_INVALID", ...Object.fromEntries(patterns) });
	});

	it.each<[Partial<Options>, RegExp]>([
		[{ inputs: { prompt: "text" } }, /6\.text/],
		[{ maxImages: 2 }, /batchSize/],
		[{ schedulers: ["euler"] }, /inputs\.scheduler/],
	])("is not taken with the options %j", (options, message) => {
		expect(() => comfyui({ ...base, ...options })).toThrow(message);
	});
});
