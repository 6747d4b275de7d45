import { generateImage } from "ai";
import { experimental_generateImage as generateImage5 } from "ai-5";
import { experimental_generateImage as generateImage6 } from "ai-6";
import {
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	DeDiffusionError,
	type SettingName,
} from "dediffusion/plugin";
import { pictureOf } from "dediffusion/plugin/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromAiSdk, toAiSdk } from "./index.ts";

beforeAll(() => {
	// Warnings are looked at here; the AI SDK would print them as well.
	globalThis.AI_SDK_LOG_WARNINGS = false;
});

afterAll(() => {
	globalThis.AI_SDK_LOG_WARNINGS = undefined;
});

/** Paints a picture in the grey of its seed. */
function painted({ prompt, seed, width = 16, height = 16 }: DecodeRequest): DecodeResult {
	const data = new Uint8Array(width * height * 3).fill(seed % 256);
	const image = { kind: "pixels", width, height, data } as const;
	return { status: "done", seed, effectivePrompt: prompt, warnings: [], image };
}

interface Brush extends Decoder {
	/** What it was asked, batch by batch. */
	readonly batches: (readonly DecodeRequest[])[];
}

function brush(
	changes: Partial<Decoder> = {},
	settings: readonly SettingName[] = ["seed", "steps", "width", "height"],
): Brush {
	const batches: (readonly DecodeRequest[])[] = [];
	const decoder: Decoder = {
		id: "brush",
		name: "Brush",
		lane: "network",
		capabilities: {
			settings: [...settings, "scheduler"],
			deterministic: true,
			maxBatch: 2,
			schedulers: ["ddim"],
			size: { min: 8, max: 64, multipleOf: 8 },
			rewritesPrompt: false,
			defaults: { width: 16, height: 16 },
		},
		generate: async (requests) => requests.map(painted),
		...changes,
	};
	const generate: Decoder["generate"] = (requests, context) => {
		batches.push(requests);
		return decoder.generate(requests, context);
	};
	return { ...decoder, generate, batches };
}

/** Width, height and first level of a PNG. */
async function lookAt(file: Uint8Array): Promise<readonly [width: number, height: number, level: number | undefined]> {
	const { default: sharp } = await import("sharp");
	const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
	return [info.width, info.height, data[0]];
}

const drawings = {
	"ai 5": (decoder: Decoder, call: Call) =>
		generateImage5({ model: toAiSdk(decoder, { specificationVersion: "v2" }), ...call }),
	"ai 6": (decoder: Decoder, call: Call) =>
		generateImage6({ model: toAiSdk(decoder, { specificationVersion: "v3" }), ...call }),
	"ai 7": (decoder: Decoder, call: Call) => generateImage({ model: toAiSdk(decoder), ...call }),
};

type Call = Omit<Parameters<typeof generateImage5>[0], "model">;

describe.each(Object.entries(drawings))("%s", (_, draw) => {
	it("draws several pictures, with seeds that follow each other and are told", async () => {
		const decoder = brush();
		const { images, providerMetadata, warnings } = await draw(decoder, {
			prompt: "a heart",
			n: 3,
			seed: 40,
			size: "24x16",
		});
		expect(await Promise.all(images.map(({ uint8Array }) => lookAt(uint8Array)))).toEqual([
			[24, 16, 40],
			[24, 16, 41],
			[24, 16, 42],
		]);
		expect(images[0]?.mediaType).toBe("image/png");
		expect(decoder.batches.map(({ length }) => length)).toEqual([2, 1]);
		expect(providerMetadata.dediffusion?.images).toEqual(
			[40, 41, 42].map((seed) => ({ seed, effectivePrompt: "a heart" })),
		);
		expect(warnings).toEqual([]);
	});

	it("draws about as many pixels in another shape", async () => {
		const { image } = await draw(brush(), { prompt: "a heart", aspectRatio: "4:1" });
		expect((await lookAt(image.uint8Array)).slice(0, 2)).toEqual([32, 8]);
	});

	it("passes settings on, and warns of those that the decoder does not take", async () => {
		const decoder = brush({}, ["steps"]);
		const providerOptions = { dediffusion: { steps: 7, guidanceScale: 3, scheduler: "ddim" } };
		const call = { prompt: "a heart", seed: 1, size: "24x16", n: 2, providerOptions } as const;
		const { warnings } = await draw(decoder, call);
		expect(decoder.batches[0]?.[0]).toEqual({ prompt: "a heart", seed: 1, steps: 7, scheduler: "ddim" });
		const said = JSON.stringify(warnings);
		for (const setting of ["guidanceScale", "seed", "size"]) expect(said).toContain(`take ${setting};`);
		expect(warnings).toHaveLength(3);
	});

	it("leaves out what was filtered, and says why", async () => {
		const shy: Decoder["generate"] = async (requests) =>
			requests.map((request): DecodeResult => {
				const { image: _, ...rest } = painted(request) as Extract<DecodeResult, { status: "done" }>;
				return request.seed === 2 ? { ...rest, status: "filtered", reason: "Not safe." } : painted(request);
			});
		const { images, warnings, providerMetadata } = await draw(brush({ generate: shy }), { prompt: "a", n: 3, seed: 1 });
		expect(images).toHaveLength(2);
		expect(warnings).toEqual([{ type: "other", message: "The picture of seed 2 was filtered: Not safe." }]);
		expect(providerMetadata.dediffusion).toMatchObject({ images: [{ seed: 1 }, { seed: 3 }] });
	});

	it("passes on what a decoder warned of, once", async () => {
		const generate: Decoder["generate"] = async (requests) =>
			requests.map((request) => ({
				...painted(request),
				warnings: [
					{ type: "truncated", setting: "prompt", message: "Cut short." },
					{ type: "unsupported", setting: "width", message: "Too wide." },
					{ type: "other", message: "Tired." },
				],
			}));
		const { warnings } = await draw(brush({ generate }), { prompt: "a", n: 2 });
		expect(warnings).toHaveLength(3);
		expect(JSON.stringify(warnings)).toMatch(/Cut short.*Too wide.*Tired/);
	});

	it("tries again what failed for a passing reason, after the time that was asked for", async () => {
		let calls = 0;
		const generate: Decoder["generate"] = async (requests) => {
			calls += 1;
			if (calls < 3) throw new DeDiffusionError("BACKEND_RATE_LIMITED", "Slowly.", { retryAfterMs: 1 });
			return requests.map(painted);
		};
		expect((await draw(brush({ generate }), { prompt: "a" })).images).toHaveLength(1);
		expect(calls).toBe(3);
	});

	it("gives up at once what will not pass", async () => {
		const decoder = brush({
			generate: () => Promise.reject(new DeDiffusionError("BACKEND_AUTH", "Wrong key.", { advice: "Take another." })),
		});
		await expect(draw(decoder, { prompt: "a" })).rejects.toMatchObject({
			name: "AI_APICallError",
			message: "Wrong key. Take another.",
			data: { code: "BACKEND_AUTH" },
		});
		expect(decoder.batches).toHaveLength(1);
	});

	it("stops when it is told to", async () => {
		const controller = new AbortController();
		const generate: Decoder["generate"] = async (_, { signal }) => {
			controller.abort();
			throw new DeDiffusionError("ABORTED", String(signal.reason));
		};
		const decoder = brush({ generate });
		await expect(draw(decoder, { prompt: "a", n: 4, abortSignal: controller.signal })).rejects.toMatchObject({
			name: "AbortError",
		});
		expect(decoder.batches).toHaveLength(1);
	});

	it.each<[string, Call]>([
		["prompt", { prompt: " " }],
		["seed", { prompt: "a", seed: -1 }],
		["size", { prompt: "a", size: "24x17" }],
		["size", { prompt: "a", size: "wide" as "1x1" }],
		["aspectRatio", { prompt: "a", aspectRatio: "0:1" }],
		["providerOptions.dediffusion.steps", { prompt: "a", providerOptions: { dediffusion: { steps: 0.5 } } }],
		["providerOptions.dediffusion", { prompt: "a", providerOptions: { dediffusion: { stps: 3 } } }],
		["providerOptions.dediffusion.scheduler", { prompt: "a", providerOptions: { dediffusion: { scheduler: "x" } } }],
	])("is told what is wrong with %s (%j)", async (argument, call) => {
		const decoder = brush();
		await expect(draw(decoder, call)).rejects.toMatchObject({ name: "AI_InvalidArgumentError", argument });
		expect(decoder.batches).toHaveLength(0);
	});
});

it("does not ask again for pictures that were filtered", async () => {
	const generate: Decoder["generate"] = async (requests) =>
		requests.map(({ prompt, seed }) => ({
			...{ seed, effectivePrompt: prompt, warnings: [] },
			...{ status: "filtered", reason: "Not safe." },
		}));
	const decoder = brush({ generate });
	await expect(generateImage({ model: toAiSdk(decoder), prompt: "a" })).rejects.toMatchObject({
		name: "AI_NoImageGeneratedError",
	});
	expect(decoder.batches).toHaveLength(1);
});

it("warns of pictures that were given to draw from", async () => {
	const { warnings } = await generateImage({
		model: toAiSdk(brush()),
		prompt: { text: "a heart", images: [await pictureOf(8, 8)] },
	});
	expect(warnings).toMatchObject([{ type: "unsupported", feature: "files" }]);
});

it.each([
	["cpu", 1],
	["network", 3],
] as const)("lets a decoder of the lane %s make %i calls at the same time", async (lane, most) => {
	let [now, highest] = [0, 0];
	const generate: Decoder["generate"] = async (requests) => {
		highest = Math.max(highest, ++now);
		await new Promise(setImmediate);
		now -= 1;
		return requests.map(painted);
	};
	const decoder = brush({ lane, generate });
	await Promise.all(Array.from({ length: 3 }, () => generateImage({ model: toAiSdk(decoder), prompt: "a" })));
	expect(highest).toBe(most);
});

it("tells of a decoder that forgets requests", async () => {
	const forgetful = brush({ generate: async (requests) => requests.slice(1).map(painted) });
	await expect(generateImage({ model: toAiSdk(forgetful), prompt: "a", n: 2 })).rejects.toMatchObject({
		data: { code: "BACKEND_PROTOCOL" },
	});
});

it("goes there and back: a decoder, as a model, as a decoder", async () => {
	const { testHost } = await import("dediffusion/plugin/testing");
	const [decoder] = await fromAiSdk(toAiSdk(brush()), { seed: true, width: 16, height: 16 }).setup(testHost());
	const context = { signal: new AbortController().signal, onProgress: () => undefined };
	const [result] = (await decoder?.generate([{ prompt: "a heart", seed: 9, width: 24, height: 8 }], context)) ?? [];
	expect(result).toMatchObject({ status: "done", seed: 9, warnings: [] });
	const image = result?.status === "done" && result.image.kind === "encoded" ? result.image.bytes : new Uint8Array();
	expect(await lookAt(image)).toEqual([24, 8, 9]);
});
