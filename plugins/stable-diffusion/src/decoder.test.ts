import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
	DecodeProgress,
	DecodeRequest,
	Decoder,
	Inference,
	InferenceSession,
	PixelImage,
	Tensor,
	TensorSignature,
} from "dediffusion/plugin";
import { checkDecoder } from "dediffusion/plugin/testing";
import { describe, expect, it } from "vitest";
import { halfToFloat } from "./half.ts";
import { stableDiffusion } from "./index.ts";
import { standardNormal } from "./noise.ts";
import { tensorFor } from "./tensors.ts";
import { createTestInference, loopOver, watchedInference } from "./testing/inference.ts";
import { open, temporary } from "./testing/opened.ts";
import { fixture, type PictureFixture, readParity } from "./testing/parity.ts";
import { draw, psnr } from "./testing/pictures.ts";

const folders = ["tiny-epsilon", "tiny-v"];
const never = new AbortController().signal;

const openDecoder = (folder: string, inference?: Inference) => open(folder, { steps: 4, guidanceScale: 3 }, inference);

const decoders = Object.fromEntries(
	await Promise.all(folders.map(async (folder) => [folder, await openDecoder(fixture(folder))] as const)),
);
const tiny = decoders["tiny-epsilon"] as Decoder;

function requestOf(picture: PictureFixture): DecodeRequest {
	const { prompt, negativePrompt, guidanceScale, steps, scheduler, width, height, seed = 0, latentsSeed } = picture;
	const cells = (width * height) / 16;
	return {
		...{ prompt, guidanceScale, steps, scheduler, width, height, seed },
		...(negativePrompt === undefined ? {} : { negativePrompt }),
		...(latentsSeed === undefined ? {} : { initialLatents: standardNormal(4 * cells, latentsSeed) }),
	};
}

describe("draws what diffusers draws", () => {
	it.each(readParity().pictures)(
		"$folder, $scheduler, guidance $guidanceScale, $width x $height",
		async ({ pixels, ...picture }) => {
			const [image] = await draw(decoders[picture.folder] as Decoder, [requestOf({ ...picture, pixels })]);
			expect(psnr(image as PixelImage, pixels)).toBeGreaterThanOrEqual(50);
		},
	);
});

it("keeps to the contract of the SDK", async () => {
	await checkDecoder(await openDecoder(fixture("tiny-epsilon")), { prompt: "a red dog" });
});

describe("a batch", () => {
	it("of two seeds gives the pictures that they give alone", async () => {
		const requests = [11, 12].map((seed) => ({ prompt: "a red dog", seed }));
		const [first, second] = (await draw(tiny, requests)) as [PixelImage, PixelImage];
		const [alone] = (await draw(tiny, [requests[0] as DecodeRequest])) as [PixelImage];
		const [otherAlone] = (await draw(tiny, [requests[1] as DecodeRequest])) as [PixelImage];
		expect(psnr(first, alone)).toBeGreaterThan(55);
		expect(psnr(second, otherAlone)).toBeGreaterThan(55);
		expect(psnr(first, second)).toBeLessThan(40);
	});

	it("of unlike requests keeps its order", async () => {
		const requests: DecodeRequest[] = [
			{ prompt: "a cat", seed: 1, steps: 3 },
			{ prompt: "a cat", seed: 1, steps: 2, scheduler: "euler" },
			{ prompt: "a dog", seed: 2, steps: 3 },
		];
		const together = await draw(tiny, requests);
		for (const [index, request] of requests.entries()) {
			const [alone] = (await draw(tiny, [request])) as [PixelImage];
			expect(psnr(together[index] as PixelImage, alone)).toBeGreaterThan(55);
		}
	});

	it("gives the same picture for the same seed", async () => {
		const request = { prompt: "a house", seed: 7 };
		const [[first], [second]] = (await Promise.all([draw(tiny, [request]), draw(tiny, [request])])) as [
			PixelImage[],
			PixelImage[],
		];
		expect(first).toEqual(second);
	});
});

describe("a request", () => {
	it("tells how far it has come", async () => {
		const seen: DecodeProgress[] = [];
		await tiny.generate([{ prompt: "a tree", seed: 1, steps: 3 }], {
			signal: never,
			onProgress: (progress) => seen.push(progress),
		});
		expect(seen.map(({ message }) => message)).toEqual(["step 1 of 3", "step 2 of 3", "step 3 of 3", "done"]);
		expect(seen.map(({ fraction }) => fraction)).toEqual([0.25, 0.5, 0.75, 1]);
	});

	it("says what of a long text was cut", async () => {
		const prompt = "Red dog ".repeat(20);
		const [result] = await tiny.generate([{ prompt, negativePrompt: prompt, seed: 1 }], {
			signal: never,
			onProgress: () => {},
		});
		const kept = tiny.capabilities.maxPromptTokens as number;
		expect(result?.effectivePrompt).toBe("red dog ".repeat(kept / 2).trim());
		expect(result?.warnings).toMatchObject([
			{ type: "truncated", setting: "prompt", message: expect.stringContaining(`${40 - kept} of 40`) },
			{ type: "truncated", setting: "negativePrompt" },
		]);
	});

	it("says what was adjusted or had no effect", async () => {
		const [result] = await tiny.generate(
			[{ prompt: "A dog", seed: 1, guidanceScale: 1, negativePrompt: "cat", width: 35, height: 9000, steps: 1 }],
			{ signal: never, onProgress: () => {} },
		);
		expect(result?.effectivePrompt).toBe("A dog");
		expect(result?.warnings.map(({ type, setting }) => `${type} ${setting}`).sort()).toEqual([
			"adjusted height",
			"adjusted width",
			"unsupported negativePrompt",
		]);
		expect(result).toMatchObject({ image: { width: 32, height: 64 } });
	});

	it("is refused with an unknown scheduler or latents of another size", async () => {
		await expect(draw(tiny, [{ prompt: "a", seed: 1, scheduler: "plms" }])).rejects.toMatchObject({
			code: "SCHEDULER_UNKNOWN",
			message: expect.stringContaining("ddim, euler"),
		});
		await expect(draw(tiny, [{ prompt: "a", seed: 1, initialLatents: new Float32Array(3) }])).rejects.toMatchObject({
			code: "SETTING_INVALID",
		});
	});

	it("stops in mid-run once it is aborted", async () => {
		const controller = new AbortController();
		const seen: (string | undefined)[] = [];
		const drawing = tiny.generate([{ prompt: "a boat", seed: 1, steps: 10 }], {
			signal: controller.signal,
			onProgress: ({ message }) => {
				seen.push(message);
				if (seen.length === 2) controller.abort();
			},
		});
		await expect(drawing).rejects.toMatchObject({ code: "ABORTED" });
		expect(seen).toEqual(["step 1 of 10", "step 2 of 10"]);
	});

	it("gives nothing to somebody who leaves during the last run", async () => {
		const controller = new AbortController();
		const inference = watchedInference(({ latent_sample: last }) => {
			if (last) controller.abort();
		});
		const decoder = await openDecoder(fixture("tiny-epsilon"), inference);
		const drawing = decoder.generate([{ prompt: "a boat", seed: 1 }], {
			signal: controller.signal,
			onProgress: () => undefined,
		});
		await expect(drawing).rejects.toMatchObject({ code: "ABORTED" });
	});
});

describe("graphs of another dialect", () => {
	/** The fixture's graphs, declaring other input types than their files have; tensors are converted on their way. */
	function declaring(
		types: Readonly<Record<string, Partial<TensorSignature>>>,
		seen: Record<string, string>,
	): Inference {
		const inner = createTestInference();
		return {
			async open(path) {
				const session = await inner.open(path);
				const run: InferenceSession["run"] = async (inputs, options) => {
					const converted = session.inputs.map(({ name, type, dims }) => {
						const tensor = inputs[name] as Tensor;
						if (name in types) seen[name] = `${tensor.type} of rank ${tensor.dims.length}`;
						const numbers =
							tensor.type === "float16" ? [...tensor.data].map(halfToFloat) : [...tensor.data].map(Number);
						const scalar = dims.length === 0;
						const signature = { name, type, dims };
						return [
							name,
							tensorFor(signature, scalar ? numbers.slice(0, 1) : numbers, scalar ? [] : tensor.dims),
						] as const;
					});
					const outputs = await session.run(Object.fromEntries(converted), options);
					const halves = Object.entries(outputs).map(([name, tensor]) => {
						const output = { name, type: "float16", dims: [] } as const;
						return [name, types.sample ? tensorFor(output, tensor.data as Float32Array, tensor.dims) : tensor] as const;
					});
					return Object.fromEntries(halves);
				};
				const declared = session.inputs.map((input) => ({ ...input, ...types[input.name] }));
				return { ...session, inputs: declared, run, loop: loopOver(run) };
			},
		};
	}
	const request = { prompt: "a fish", seed: 5 };

	it("get integers and a timestep of rank one where they declare them", async () => {
		const seen = {};
		const types = { input_ids: { type: "int32" }, timestep: { type: "int64", dims: ["batch"] } } as const;
		const [other] = await draw(await openDecoder(fixture("tiny-epsilon"), declaring(types, seen)), [request]);
		expect(other).toEqual((await draw(tiny, [request]))[0]);
		expect(seen).toEqual({ input_ids: "int32 of rank 2", timestep: "int64 of rank 1" });
	});

	it("get and give half precision where they declare it", async () => {
		const seen = {};
		const half = { type: "float16" } as const;
		const types = { sample: half, encoder_hidden_states: half, latent_sample: half };
		const [other] = await draw(await openDecoder(fixture("tiny-epsilon"), declaring(types, seen)), [request]);
		const [usual] = await draw(tiny, [request]);
		expect(psnr(other as PixelImage, usual as PixelImage)).toBeGreaterThan(40);
		const rank = (count: number) => `float16 of rank ${count}`;
		expect(seen).toEqual({ sample: rank(4), encoder_hidden_states: rank(3), latent_sample: rank(4) });
	});
});

describe("a broken folder", () => {
	async function copyOf(folder: string): Promise<string> {
		const copy = await mkdtemp(join(tmpdir(), "pipeline-"));
		temporary(copy);
		await cp(fixture(folder), copy, { recursive: true });
		return copy;
	}

	it.each([
		"model_index.json",
		"tokenizer/merges.txt",
		"tokenizer/vocab.json",
		"unet/config.json",
		"vae_decoder/config.json",
		"scheduler/scheduler_config.json",
	])("without %s is refused by that path", async (file) => {
		const folder = await copyOf("tiny-epsilon");
		await rm(join(folder, file));
		await expect(openDecoder(folder)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, file),
			message: expect.stringContaining("missing"),
		});
	});

	it.each([
		["unet/config.json", "{", "not JSON"],
		["unet/config.json", '{"sample_size": "big"}', "sample_size"],
		["unet/config.json", '{"sample_size": 8, "in_channels": 9}', "9 channels where the autoencoder's latents have 4"],
		["unet/config.json", '{"sample_size": 8, "addition_embed_type": "text_time"}', "SDXL"],
		["model_index.json", '{"_class_name": "FluxPipeline"}', "FluxPipeline"],
		["tokenizer/vocab.json", '{"a": 0}', "special token"],
	])("with %s holding %s is refused", async (file, content, message) => {
		const folder = await copyOf("tiny-epsilon");
		await writeFile(join(folder, file), content);
		await expect(openDecoder(folder)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, file),
			message: expect.stringContaining(message),
		});
	});

	it("with another scheduler's file is refused", async () => {
		const folder = await copyOf("tiny-v");
		const file = join(folder, "scheduler/scheduler_config.json");
		const config = JSON.parse(await readFile(file, "utf8"));
		await writeFile(file, JSON.stringify({ ...config, _class_name: "FlowMatchEulerDiscreteScheduler" }));
		await expect(openDecoder(folder)).rejects.toMatchObject({ code: "SCHEDULER_UNKNOWN", input: file });
	});

	it("without a graph, or with one cut short, opens but is ill, and draws once it is mended", async () => {
		const folder = await copyOf("tiny-epsilon");
		const graph = join(folder, "unet/model.onnx");
		const whole = await readFile(graph);
		await rm(graph);
		const decoder = await openDecoder(folder);
		await expect(decoder.health?.(never)).rejects.toMatchObject({ code: "MODEL_INVALID", input: graph });
		await writeFile(graph, whole.subarray(0, 1000));
		await expect(draw(decoder, [{ prompt: "a", seed: 1 }])).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: graph,
		});
		await writeFile(graph, whole);
		await expect(decoder.health?.(never)).resolves.toBeUndefined();
		expect(await draw(decoder, [{ prompt: "a", seed: 1 }])).toHaveLength(1);
	});
});

describe("the plugin", () => {
	it.each([
		[{ models: [] }, "at least one model"],
		[{ models: [{ id: "A b", folder: "x" }] }, "lower-case"],
		[{ models: [{ id: "a", folder: "x", stepz: 3 }] }, "stepz"],
		[{ models: [{ id: "a", folder: "x", steps: 0 }] }, "steps"],
		[{ models: ["x", "y"].map((folder) => ({ id: "a", folder })) }, "same id"],
	])("refuses the options %j", (options, message) => {
		expect(() => stableDiffusion(options)).toThrow(
			expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(message) }),
		);
	});

	it("says what its decoders can do", async () => {
		expect(tiny).toMatchObject({ id: "tiny", name: "tiny", lane: "cpu" });
		expect(tiny.capabilities).toMatchObject({
			deterministic: true,
			schedulers: ["ddim", "euler", "euler-ancestral", "heun", "pndm", "ddpm", "dpm-solver", "unipc", "lcm"],
			size: { min: 8, max: 64, multipleOf: 8 },
			maxPromptTokens: 14,
			defaults: { steps: 4, guidanceScale: 3, width: 32, height: 32, scheduler: "ddim" },
		});
		expect(decoders["tiny-v"]?.capabilities.defaults).toMatchObject({ width: 64, height: 64, scheduler: "euler" });
	});

	it("refuses to draw once it is closed", async () => {
		const decoder = await openDecoder(fixture("tiny-epsilon"));
		await decoder.close?.();
		await expect(draw(decoder, [{ prompt: "a", seed: 1 }])).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
	});
});
