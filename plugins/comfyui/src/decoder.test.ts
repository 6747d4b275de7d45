import type { DecodeProgress, DecodeRequest, Decoder } from "dediffusion/plugin";
import { checkDecoder, pictureOf, startService, type TestService, testHost } from "dediffusion/plugin/testing";
import { afterEach, describe, expect, it } from "vitest";
import { comfyui } from "./index.ts";
import { type Comfy, type ComfyOptions, startComfy } from "./testing/comfy.ts";
import { textToImage, textToImageInputs } from "./testing/workflow.ts";

type Options = Partial<Parameters<typeof comfyui>[0]>;

const host = testHost();
const services: TestService[] = [];

afterEach(() => {
	for (const service of services.splice(0)) service.close();
	delete process.env.COMFY_TEST_AUTHORIZATION;
});

const all: Options = { inputs: textToImageInputs, schedulers: ["euler", "ddim"] };
const withOutput = (class_type: string) => ({
	...textToImage,
	"9": { class_type, inputs: { images: ["8", 0] } },
});

async function open(url: string, options: Options = {}): Promise<Decoder> {
	const shared = { workflow: textToImage, inputs: { prompt: "6.text", seed: "3.seed", batchSize: "5.batch_size" } };
	const authorizationVariable = "COMFY_TEST_AUTHORIZATION";
	const [decoder] = await comfyui({ ...shared, width: 64, height: 64, authorizationVariable, ...options, url }).setup(
		host,
	);
	return decoder as Decoder;
}

async function openComfy(comfy: ComfyOptions = {}, options: Options = {}): Promise<Comfy & { decoder: Decoder }> {
	const service = await startComfy(comfy);
	services.push(service);
	return { ...service, decoder: await open(service.url, options) };
}

interface Call {
	readonly signal?: AbortSignal;
	readonly onProgress?: (progress: DecodeProgress) => void;
}

const draw = (
	decoder: Decoder,
	requests: readonly Partial<DecodeRequest>[] = [{}],
	{ signal = new AbortController().signal, onProgress = () => undefined }: Call = {},
) =>
	decoder.generate(
		requests.map((request) => ({ prompt: "a red apple", seed: 5, ...request })),
		{ signal, onProgress },
	);

const sentNodes = ({ asked }: TestService) => asked.find(({ path }) => path === "/prompt")?.body.prompt;

describe("the contract of the SDK is kept", () => {
	it.each<[string, Options]>([
		["with every setting", all],
		["with a prompt and a seed alone", {}],
		["with pictures that are only shown", { ...all, workflow: withOutput("PreviewImage") }],
		["with pictures over the WebSocket", { ...all, workflow: withOutput("SaveImageWebsocket") }],
		["with several pictures at once", { ...all, maxImages: 4 }],
	])("%s", async (_, options) => {
		const authorization = "Basic YWRhOmxvdmVsYWNl";
		const { decoder: refused, url } = await openComfy({ authorization }, options);
		process.env.COMFY_TEST_AUTHORIZATION = authorization;
		await checkDecoder(await open(url, options), {
			failing: [{ decoder: refused, code: "BACKEND_AUTH" }],
		});
	});
});

describe("a request", () => {
	it("puts its settings into their places and leaves the rest", async () => {
		const service = await openComfy({}, all);
		const settings = {
			steps: 2,
			guidanceScale: 3.5,
			width: 72,
			height: 80,
			scheduler: "ddim",
			negativePrompt: "green",
		};
		await draw(service.decoder, [settings]);
		const expected = structuredClone(textToImage);
		Object.assign(expected["3"].inputs, { seed: 5, steps: 2, cfg: 3.5, sampler_name: "ddim" });
		Object.assign(expected["5"].inputs, { width: 72, height: 80 });
		expected["6"].inputs.text = "a red apple";
		expected["7"].inputs.text = "green";
		expect(sentNodes(service)).toEqual(expected);
	});

	it("leaves the workflow's own where it is silent", async () => {
		const service = await openComfy({}, all);
		await draw(service.decoder);
		expect(sentNodes(service)).toMatchObject({
			"7": { inputs: { text: "text, watermark" } },
			"3": { inputs: { cfg: 8 } },
		});
	});

	it("may put one setting into several places", async () => {
		const service = await openComfy({}, { inputs: { prompt: ["6.text", "9.filename_prefix"] } });
		await draw(service.decoder);
		expect(sentNodes(service)).toMatchObject({
			"6": { inputs: { text: "a red apple" } },
			"9": { inputs: { filename_prefix: "a red apple" } },
		});
	});

	it("draws several pictures in one run", async () => {
		const service = await openComfy({}, { maxImages: 3 });
		const results = await draw(service.decoder, [{ seed: 7 }, { seed: 1 }, { seed: 9 }]);
		expect(sentNodes(service)).toMatchObject({ "3": { inputs: { seed: 7 } }, "5": { inputs: { batch_size: 3 } } });
		expect(results.map(({ seed, status }) => [seed, status])).toEqual([
			[7, "done"],
			[1, "done"],
			[9, "done"],
		]);
	});

	it("has its text as words, and says where they had to change", async () => {
		const service = await openComfy({}, all);
		const [result] = await draw(service.decoder, [
			{ prompt: "a (red:1.5) embedding:apple", negativePrompt: "(green)" },
		]);
		expect(sentNodes(service)).toMatchObject({
			"6": { inputs: { text: "a \\(red:1.5\\) embedding :apple" } },
			"7": { inputs: { text: "\\(green\\)" } },
		});
		expect(result).toMatchObject({
			effectivePrompt: "a (red:1.5) embedding :apple",
			warnings: [{ type: "adjusted", setting: "prompt" }],
		});
		expect(await draw(service.decoder, [{ prompt: "a (red:1.5) apple" }])).toMatchObject([
			{ effectivePrompt: "a (red:1.5) apple", warnings: [] },
		]);
	});

	it("goes out as it is where the user wants the syntax", async () => {
		const service = await openComfy({}, { promptSyntax: "raw" });
		const prompt = "a (red:1.5) embedding:apple";
		expect(await draw(service.decoder, [{ prompt }])).toMatchObject([{ effectivePrompt: prompt, warnings: [] }]);
		expect(sentNodes(service)).toMatchObject({ "6": { inputs: { text: prompt } } });
	});
});

describe("progress", () => {
	it("says which node is at work, and shows the picture as it is drawn", async () => {
		const { decoder } = await openComfy();
		const progress: DecodeProgress[] = [];
		await draw(decoder, [{}], { onProgress: (now) => progress.push(now) });
		expect(progress.map(({ message }) => message)).toContain("node 3 (KSampler), step 2 of 4");
		expect(progress.find(({ preview }) => preview)?.preview).toEqual({
			kind: "encoded",
			bytes: await pictureOf(8, 8, 1),
		});
		const fractions = progress.map(({ fraction }) => fraction);
		expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
		expect(fractions.at(-1)).toBe(6 / 7);
	});

	it("says how many wait", async () => {
		const service = await openComfy({ holds: 2 });
		const controller = new AbortController();
		const first = draw(service.decoder, [{}], { signal: controller.signal });
		await service.halfway;
		const messages: (string | undefined)[] = [];
		const second = draw(service.decoder, [{ seed: 6 }], {
			onProgress: ({ message }) => {
				messages.push(message);
				if (message === "2 in the queue") controller.abort();
				if (message?.includes("step")) service.interrupt();
			},
		});
		await expect(first).rejects.toMatchObject({ code: "ABORTED" });
		await expect(second).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
		expect(messages).toContain("2 in the queue");
	});

	it("needs no work where ComfyUI has the picture already", async () => {
		const { decoder } = await openComfy();
		const [first] = await draw(decoder);
		const [again] = await draw(decoder);
		expect(again).toEqual(first);
	});
});

describe("a picture that is not wanted any more", () => {
	it("is interrupted, or taken out of the queue, and no other", async () => {
		const service = await openComfy({ holds: 1 });
		const [first, second] = [new AbortController(), new AbortController()];
		const drawn = draw(service.decoder, [{}], { signal: first.signal });
		await service.halfway;
		const waits = Promise.withResolvers<void>();
		const waiting = draw(service.decoder, [{ seed: 6 }], {
			signal: second.signal,
			onProgress: ({ message }) => message === "2 in the queue" && waits.resolve(),
		});
		await waits.promise;
		second.abort();
		await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
		expect(service.pending()).toEqual([]);
		expect(service.asked.map(({ path }) => path)).not.toContain("/interrupt");
		first.abort();
		await expect(drawn).rejects.toMatchObject({ code: "ABORTED" });
		expect(service.asked.at(-1)).toMatchObject({ path: "/interrupt", body: { prompt_id: expect.any(String) } });
	});

	it("is given up though ComfyUI is gone", async () => {
		const service = await openComfy({ holds: 1 });
		const controller = new AbortController();
		const drawn = draw(service.decoder, [{}], { signal: controller.signal });
		await service.halfway;
		controller.abort();
		service.close();
		await expect(drawn).rejects.toMatchObject({ code: "ABORTED" });
	});

	it("by somebody at ComfyUI is no picture", async () => {
		const service = await openComfy({ holds: 1 });
		const drawn = draw(service.decoder);
		await service.halfway;
		service.interrupt();
		await expect(drawn).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			message: expect.stringMatching(/interrupted/),
			retryable: false,
		});
	});
});

describe("a refusal", () => {
	const loading = (ckpt_name: string) => ({
		...textToImage,
		"4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name } },
	});

	it("names the node and what is wrong with it", async () => {
		const { decoder } = await openComfy({}, { workflow: loading("sdxl.safetensors") });
		await expect(draw(decoder)).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			message:
				"The backend answered 400: node 4 (CheckpointLoaderSimple): Value not in list: ckpt_name: 'sdxl.safetensors' not in ['dreams.safetensors']",
		});
	});

	it("names a kind of node that is not installed, when it draws and for its health", async () => {
		const workflow = { ...textToImage, "8": { class_type: "FancyDecode", inputs: textToImage["8"].inputs } };
		const { decoder } = await openComfy({}, { workflow });
		await expect(draw(decoder)).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			message: expect.stringContaining("node FancyDecode does not exist.: Node ID '#8'"),
		});
		await expect(decoder.health?.(new AbortController().signal)).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			message: "ComfyUI has no nodes of the kind FancyDecode.",
		});
	});

	it.each([
		["RuntimeError", "mat1 and mat2 shapes cannot be multiplied\n", false],
		["torch.OutOfMemoryError", "Allocation on device 0", true],
	])("of a node with %s says so", async (type, message, retryable) => {
		const { decoder } = await openComfy({ failing: { node: "3", type, message } });
		await expect(draw(decoder)).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			message: `The node 3 (KSampler) failed: ${type}: ${message.trim()}`,
			retryable,
		});
	});

	it("that is not ComfyUI's own is shown as it is", async () => {
		const service = await openComfy({ edit: (path, answer) => (path === "/prompt" ? { nothing: answer } : answer) });
		await expect(draw(service.decoder)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL", message: /prompt_id/ });
	});
});

describe("a bad day", () => {
	it.each<[string, string, RegExp]>([
		["no JSON", "progress at 50 %", /no JSON/],
		["JSON that is cut off", '{"type": "progress", "data": {"va', /no JSON/],
		["no type", '{"data": {}}', /form: type: /],
		["progress of another type", '{"type":"progress","data":{"value":"two","max":4}}', /form: data\.value: /],
		["a node of another type", '{"type":"executing","data":{"node":3}}', /form: data\.node: /],
	])("with %s on the WebSocket is not understood, and the run is stopped", async (_, text, message) => {
		const service = await openComfy({
			holds: 1,
			say: (type, socket) => {
				if (type === "progress") socket.send(text);
				return type === "progress";
			},
		});
		await expect(draw(service.decoder)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(message),
		});
		expect(service.asked.at(-1)?.path).toBe("/interrupt");
	});

	it("with messages of a kind that is not known yet is a good one", async () => {
		const say: ComfyOptions["say"] = (_, socket) => {
			socket.send('{"type":"progress_state","data":{"nodes":{}}}');
			socket.send('{"type":"crystools.monitor"}');
			socket.send(Buffer.from([0, 0, 0, 3, 1]));
			socket.send(Buffer.from("\0\0\0\u0004 of another kind"));
			return false;
		};
		const { decoder } = await openComfy({ say });
		expect(await draw(decoder)).toMatchObject([{ status: "done" }]);
	});

	it("on which the WebSocket breaks when all is done is a good one", async () => {
		const { decoder } = await openComfy({
			say: (type, socket, data) => {
				const isLast = type === "executing" && "node" in data && data.node === null;
				if (isLast) socket.terminate();
				return isLast;
			},
		});
		expect(await draw(decoder)).toMatchObject([{ status: "done" }]);
	});

	it("on which the WebSocket breaks in the middle is worth another attempt, and the run is stopped", async () => {
		const service = await openComfy({
			holds: 1,
			say: (type, socket) => {
				if (type === "progress") socket.terminate();
				return type === "progress";
			},
		});
		await expect(draw(service.decoder)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
		expect(service.asked.at(-1)?.path).toBe("/interrupt");
	});

	const pictures = (images: unknown) => (path: string, answer: object) =>
		path.startsWith("/history")
			? Object.fromEntries(Object.keys(answer).map((id) => [id, { outputs: { "9": { images } } }]))
			: answer;
	const file = { filename: "none.png" };

	it.each<[string, unknown, string, RegExp]>([
		["no picture", [], "BACKEND_PROTOCOL", /node 9 \(SaveImage\), gave 0 pictures where 1/],
		["pictures of another type", "none.png", "BACKEND_PROTOCOL", /form/],
		["a file without a name", [{}], "BACKEND_PROTOCOL", /filename/],
		["a file that is gone", [file], "BACKEND_INVALID_REQUEST", /404/],
	])("with a history of %s", async (_, images, code, message) => {
		const { decoder } = await openComfy({ edit: pictures(images) });
		await expect(draw(decoder)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
	});

	it("with a workflow that draws four pictures says what to do", async () => {
		const workflow = structuredClone(textToImage);
		workflow["5"].inputs.batch_size = 4;
		const { decoder } = await openComfy({}, { workflow, inputs: { prompt: "6.text" } });
		await expect(draw(decoder)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(/4 pictures where 1/),
			advice: expect.stringMatching(/batchSize/),
		});
	});

	it("without ComfyUI is told", async () => {
		const service = await openComfy();
		service.close();
		await expect(draw(service.decoder)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
		await expect(service.decoder.health?.(new AbortController().signal)).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
		});
	});

	it("with something else at its address is told", async () => {
		const service = await startService((_, response) => void response.writeHead(200).end("<html>Welcome"));
		services.push(service);
		await expect(draw(await open(service.url))).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});
});
