import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DecodeRequest, Decoder, Inference, InitialImage, PixelImage, Tensor } from "dediffusion/plugin";
import { checkDecoder } from "dediffusion/plugin/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wholeFolder } from "./testing/families.ts";
import { type ImageToImageFixture, readImageToImage } from "./testing/image-to-image.ts";
import { createTestInference } from "./testing/inference.ts";
import { open as openWith, temporary } from "./testing/opened.ts";
import { fixture } from "./testing/parity.ts";
import { draw, psnr } from "./testing/pictures.ts";

const cases = readImageToImage();
const { start } = cases[0] as ImageToImageFixture;
const folders = new Map<string, string>();
const never = new AbortController().signal;

/** A fixture's folder together with the autoencoder's encoder. */
function folderOf(name: string): string {
	const folder = folders.get(name) ?? temporary(wholeFolder(name, "tiny-image"));
	folders.set(name, folder);
	return folder;
}

const open = (folder: string, inference?: Inference) => openWith(folder, { steps: 6, guidanceScale: 3 }, inference);

const decoders = new Map(
	await Promise.all(
		["tiny-epsilon", "tiny-xl", "tiny-lcm"].map(async (name) => [name, await open(folderOf(name))] as const),
	),
);
const tiny = decoders.get("tiny-epsilon") as Decoder;

function requestsOf(request: ImageToImageFixture): DecodeRequest[] {
	const { prompts, seeds, negativePrompt, steps, guidanceScale, strength, scheduler, width, height } = request;
	return seeds.map((seed, index) => ({
		...{ prompt: prompts[index] as string, seed, steps, guidanceScale, width, height },
		...(negativePrompt !== undefined && { negativePrompt }),
		...(scheduler !== undefined && { scheduler }),
		initialImage: { image: request.start, strength },
	}));
}

function title({ folder, scheduler = "its own scheduler", strength, steps, pictures }: ImageToImageFixture): string {
	return `${folder}, ${scheduler}, strength ${strength} of ${steps} steps, ${pictures.length} at once`;
}

describe("draws what diffusers draws from a picture", () => {
	it.each(cases.map((request) => [title(request), request] as const))("%s", async (_, request) => {
		const drawn = await draw(decoders.get(request.folder) as Decoder, requestsOf(request));
		const ratios = drawn.map((picture, index) => psnr(picture, request.pictures[index] as PixelImage));
		expect(Math.min(...ratios)).toBeGreaterThanOrEqual(50);
	});
});

it("keeps to the contract of the SDK", async () => {
	await checkDecoder(await open(folderOf("tiny-epsilon")), { prompt: "a red dog" });
});

/** A picture of one colour. */
function plain(level: number, { width, height } = start): PixelImage {
	return { kind: "pixels", width, height, data: new Uint8Array(width * height * 3).fill(level) };
}

describe("the picture to start from", () => {
	const request = (changes: Partial<InitialImage> = {}): DecodeRequest => ({
		...{ prompt: "a red dog", seed: 3 },
		initialImage: { image: start, strength: 0.5, ...changes },
	});

	it("shows through, and the less the more of it is drawn anew", async () => {
		const strengths = [0.2, 0.9];
		const light = await draw(
			tiny,
			strengths.map((strength) => request({ strength, image: plain(255) })),
		);
		const dark = await draw(
			tiny,
			strengths.map((strength) => request({ strength, image: plain(0) })),
		);
		const [little, much] = light.map((picture, index) => psnr(picture, dark[index] as PixelImage)) as [number, number];
		expect(little).toBeLessThan(much);
	});

	it("may differ from request to request of a batch", async () => {
		const requests: DecodeRequest[] = [
			request(),
			{ prompt: "a red dog", seed: 3 },
			request({ image: plain(90) }),
			request({ strength: 1 }),
		];
		const together = await draw(tiny, requests);
		for (const [index, alone] of requests.entries()) {
			const [picture] = (await draw(tiny, [alone])) as [PixelImage];
			expect(psnr(together[index] as PixelImage, picture)).toBeGreaterThan(55);
		}
	});

	it("takes the share of the steps that its strength says, and at least one", async () => {
		const drawn = (steps: number, strength: number) => Math.max(1, Math.trunc(steps * strength));
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 12 }),
				fc.double({ min: 0.01, max: 1, noNaN: true }),
				fc.constantFrom(...tiny.capabilities.schedulers.filter((name) => name !== "heun")),
				async (steps, strength, scheduler) => {
					const messages: (string | undefined)[] = [];
					const [result] = await tiny.generate(
						[{ ...request({ strength }), ...{ steps, scheduler, guidanceScale: 1 } }],
						{ signal: never, onProgress: ({ message }) => messages.push(message) },
					);
					const taken = drawn(Number(scheduler === "pndm" ? Math.max(steps, 4) : steps), strength);
					// The linear multistep method visits one of its steps twice.
					const calls = messages.length - 1;
					expect(scheduler === "pndm" ? calls >= taken : calls === taken).toBe(true);
					const isLess = steps * strength < 1 && scheduler !== "pndm";
					const adjusted = result?.warnings.some(({ setting }) => setting === "initialImage");
					if (scheduler !== "pndm") expect(adjusted).toBe(isLess);
				},
			),
			{ numRuns: 25 },
		);
	});

	it("is refused in another size than that of the picture to draw", async () => {
		const image = plain(9, { ...start, width: start.width + 8 });
		await expect(draw(tiny, [request({ image })])).rejects.toMatchObject({
			code: "SETTING_INVALID",
			input: "initialImage",
			message: expect.stringContaining("40 x 32"),
		});
	});

	it("is drawn without where the folder cannot encode it, and the warning says what is missing", async () => {
		const folder = fixture("tiny-epsilon");
		const decoder = await open(folder);
		const missing = expect.stringContaining(join(folder, "vae_encoder", "model.onnx"));
		expect(decoder.capabilities.settings).not.toContain("initialImage");
		expect(decoder.capabilities.reasons?.initialImage).toEqual(missing);
		const [result] = await decoder.generate([request()], { signal: never, onProgress: () => {} });
		expect(result?.warnings).toMatchObject([{ type: "unsupported", setting: "initialImage", message: missing }]);
		const [without] = await draw(decoder, [{ prompt: "a red dog", seed: 3 }]);
		expect(result).toMatchObject({ image: without });
	});
});

describe("the graph of the autoencoder's encoder", () => {
	/** The encoder's own output is replaced on its way out. */
	function answering(name: string, change: (parameters: Tensor) => Tensor): Inference {
		const inner = createTestInference();
		return {
			async open(path) {
				const session = await inner.open(path);
				if (!path.includes("vae_encoder")) return session;
				const outputs = session.outputs.map((output) => ({ ...output, name }));
				return {
					...session,
					outputs,
					run: async (inputs, options) => ({
						[name]: change((await session.run(inputs, options)).latent_parameters as Tensor),
					}),
				};
			},
		};
	}
	const request = { prompt: "a red dog", seed: 3, initialImage: { image: start, strength: 0.5 } };

	it("may give latents that it has drawn itself", async () => {
		const means = (tensor: Tensor): Tensor => {
			const [batch = 0, channels = 0, ...cells] = tensor.dims;
			const data = (tensor.data as Float32Array).slice(0, tensor.data.length / 2);
			return { type: "float32", data, dims: [batch, channels / 2, ...cells] };
		};
		const certain = (tensor: Tensor): Tensor => {
			const data = Float32Array.from(tensor.data as Float32Array);
			return { type: "float32", data: data.fill(-99, data.length / 2), dims: tensor.dims };
		};
		const folder = folderOf("tiny-epsilon");
		const drawn = await open(folder, answering("latent_sample", means));
		const given = await open(folder, answering("latent_parameters", certain));
		const noise = { initialLatents: new Float32Array(4 * 64).fill(0.5) };
		const [one] = (await draw(drawn, [{ ...request, ...noise }])) as [PixelImage];
		const [other] = (await draw(given, [{ ...request, ...noise }])) as [PixelImage];
		expect(psnr(one, other)).toBeGreaterThan(55);
	});

	it.each([
		["another output", "latents", (tensor: Tensor) => tensor, "has no output latent_parameters or latent_sample"],
		[
			"latents of another shape",
			"latent_parameters",
			(tensor: Tensor): Tensor => ({ ...tensor, dims: [1, 4, 8, 16] }) as Tensor,
			"instead of [1, 8, 8, 8]",
		],
	])("with %s is refused", async (_, name, change, message) => {
		const decoder = await open(folderOf("tiny-epsilon"), answering(name, change));
		await expect(draw(decoder, [request])).rejects.toMatchObject({
			code: "MODEL_INVALID",
			message: expect.stringContaining(message),
		});
	});

	it("that is damaged fails by its path", async () => {
		const folder = wholeFolder("tiny-image");
		folders.set("damaged", folder);
		const path = join(folder, "vae_encoder", "model.onnx");
		writeFileSync(path, "no graph");
		await expect(draw(await open(folder), [request])).rejects.toMatchObject({ code: "MODEL_INVALID", input: path });
	});
});
