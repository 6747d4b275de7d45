import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { inspectPipeline, type PipelineReport } from "./index.ts";
import { wholeFolder } from "./testing/families.ts";
import { createTestInference } from "./testing/inference.ts";
import { fixture } from "./testing/parity.ts";

const inference = createTestInference();

/** A copy of a fixture's folder that a test may spoil. */
function copyOf(name: string): string {
	const folder = wholeFolder(name);
	onTestFinished(() => rmSync(folder, { recursive: true }));
	return folder;
}

const inspect = (folder: string) => inspectPipeline(folder, inference);

const graphNamed = ({ graphs }: PipelineReport, wanted: string) => graphs.find(({ name }) => name === wanted);

it("says what a folder holds: family, scheduler, size, and what its graphs take", async () => {
	const report = await inspect(fixture("tiny-v"));
	expect(report).toMatchObject({
		className: "StableDiffusionPipeline",
		family: "Stable Diffusion",
		scheduler: { name: "euler", prediction: "v_prediction" },
		defaults: { steps: 25, guidanceScale: 7.5, width: expect.any(Number) },
		problems: [],
	});
	expect(report.scheduler?.others).toContain("ddim");
	const unet = graphNamed(report, "unet");
	expect(unet?.session?.device).toEqual({ provider: "cpu", skipped: [] });
	expect(unet?.session?.inputs).toContainEqual({ name: "timestep", type: "float32", dims: [] });
});

it("counts half-precision weights twice where a graph computes in single precision, and once where it does not", async () => {
	const folder = copyOf("tiny-epsilon");
	const memory = async () => graphNamed(await inspect(folder), "unet")?.memory;
	const single = graphNamed(await inspect(folder), "unet")?.weights;
	expect(await memory()).toBe((single?.float32 ?? 0) + (single?.int64 ?? 0) + 2 * (single?.float16 ?? 0));
	cpSync(fixture("tiny-half"), folder, { recursive: true });
	expect(await memory()).toBe(132064 + 32 + 176);
});

it.each([
	["tiny-xl", "Stable Diffusion XL", ["text_encoder", "text_encoder_2", "unet", "vae_decoder"]],
	["tiny-lcm", "latent consistency model", ["text_encoder", "unet", "vae_decoder"]],
])("knows the family of %s and finds its weights beside the graphs", async (name, family, graphs) => {
	const report = await inspect(copyOf(name));
	expect(report).toMatchObject({ family, problems: [] });
	expect(report.graphs.map((graph) => graph.name)).toEqual(graphs);
	expect(graphNamed(report, "unet")?.size).toBeGreaterThan(280_000);
});

it("names everything that is missing at once", async () => {
	const folder = copyOf("tiny-xl");
	for (const file of ["tokenizer_2/merges.txt", "vae_decoder/model.onnx", "unet/model.onnx_data"]) {
		rmSync(join(folder, file));
	}
	const { problems, graphs } = await inspect(folder);
	expect(problems.map(({ input }) => input?.slice(folder.length + 1)).sort()).toEqual([
		"tokenizer_2/merges.txt",
		"unet/model.onnx_data",
		"vae_decoder/model.onnx",
	]);
	expect(problems.every(({ code }) => code === "MODEL_INVALID")).toBe(true);
	expect(graphs.map(({ name }) => name)).toEqual(["text_encoder", "text_encoder_2", "unet"]);
});

it("says of a graph what it lacks for its place", async () => {
	const folder = copyOf("tiny-epsilon");
	cpSync(fixture("tiny-lcm/unet/model.onnx"), join(folder, "unet/model.onnx"));
	cpSync(fixture("tiny-lcm/unet/weights.pb"), join(folder, "unet/weights.pb"));
	const [problem, ...others] = (await inspect(folder)).problems;
	expect(problem?.message).toMatch(/unet\/model\.onnx has inputs that its folder does not explain: timestep_cond/);
	expect(others).toEqual([]);
	cpSync(fixture("tiny-epsilon/text_encoder/model.onnx"), join(folder, "unet/model.onnx"));
	expect((await inspect(folder)).problems[0]?.message).toMatch(/has no input sample; it has input_ids/);
});

it.each([
	[
		"a class that it does not know",
		{ _class_name: "FluxPipeline" },
		/FluxPipeline; supported: StableDiffusionPipeline/,
	],
	["no class", {}, /_class_name/],
])("says that an index names %s", async (_, index, message) => {
	const folder = copyOf("tiny-epsilon");
	writeFileSync(join(folder, "model_index.json"), JSON.stringify(index));
	const report = await inspect(folder);
	expect(report.problems.map((problem) => problem.message)).toEqual([expect.stringMatching(message)]);
	expect(report.graphs).toEqual([]);
});

it("says that a scheduler is not known", async () => {
	const folder = copyOf("tiny-epsilon");
	writeFileSync(join(folder, "scheduler/scheduler_config.json"), '{ "_class_name": "KarrasVeScheduler" }');
	expect((await inspect(folder)).problems.map(({ code }) => code)).toEqual(["SCHEDULER_UNKNOWN"]);
});
