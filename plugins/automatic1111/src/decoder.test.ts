import type { DecodeProgress, DecodeRequest, Decoder } from "dediffusion/plugin";
import {
	type Answer,
	checkDecoder,
	pictureOf,
	startService,
	type TestService,
	testHost,
} from "dediffusion/plugin/testing";
import { afterEach, describe, expect, it } from "vitest";
import { automatic1111 } from "./index.ts";
import { startWebUi, type WebUi, type WebUiAnswer, type WebUiOptions } from "./testing/web-ui.ts";

type Options = Parameters<typeof automatic1111>[0];

const host = testHost();
const services: TestService[] = [];
/** Polls that never come: for tests in which nobody asks how far the web UI is. */
const never = 2 ** 30;

afterEach(() => {
	for (const service of services.splice(0)) service.close();
	delete process.env.WEB_UI_LOGIN;
});

function kept<Service extends TestService>(service: Service): Service {
	services.push(service);
	return service;
}

async function open(url: string, options: Options = {}): Promise<Decoder> {
	const shared = { width: 64, height: 64, authVariable: "WEB_UI_LOGIN", pollMs: never };
	const [decoder] = await automatic1111({ ...shared, ...options, url }).setup(host);
	return decoder as Decoder;
}

async function openWebUi(webUi: WebUiOptions = {}, options: Options = {}): Promise<WebUi & { decoder: Decoder }> {
	const service = kept(await startWebUi(webUi));
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

const drawings = ({ asked }: TestService) => asked.filter(({ path }) => path === "/sdapi/v1/txt2img");
const bytesOf = async (decoder: Decoder, request: Partial<DecodeRequest>) => {
	const [result] = await draw(decoder, [request]);
	return result?.status === "done" && result.image.kind === "encoded" ? Buffer.from(result.image.bytes) : undefined;
};

describe("the contract of the SDK is kept", () => {
	it.each<[string, WebUiOptions, Options]>([
		["with steps to watch", { steps: 2 }, { pollMs: 1 }],
		["with steps to watch, of a web UI without pages", { steps: 2, hasPages: false }, { pollMs: 1 }],
		["in batches, with a contact sheet and maps", { hasExtras: true }, { maxImages: 4 }],
		["with a checkpoint", {}, { checkpoint: "dreams" }],
	])("%s", async (_, webUi, options) => {
		const { decoder } = await openWebUi({ login: "ada:lovelace-1815", ...webUi }, options);
		const refused = decoder;
		process.env.WEB_UI_LOGIN = "ada:lovelace-1815";
		const { url } = services[0] as TestService;
		await checkDecoder(await open(url, { samplers: ["Euler", "DDIM"], ...options }), {
			failing: [{ decoder: refused, code: "BACKEND_AUTH" }],
		});
	});
});

describe("a request", () => {
	it("has the fields of txt2img, and the login", async () => {
		process.env.WEB_UI_LOGIN = "ada:lovelace-1815";
		const { decoder, asked } = await openWebUi(
			{},
			{ parameters: { scheduler: "Karras" }, overrideSettings: { CLIP_stop_at_last_layers: 2 } },
		);
		await draw(decoder, [{ negativePrompt: "green", steps: 9, guidanceScale: 4.5, width: 72, scheduler: "DDIM" }]);
		expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from("ada:lovelace-1815").toString("base64")}`);
		expect(asked[0]?.body).toEqual({
			prompt: "a red apple",
			negative_prompt: "green",
			seed: 5,
			steps: 9,
			cfg_scale: 4.5,
			width: 72,
			height: 64,
			sampler_name: "DDIM",
			batch_size: 1,
			n_iter: 1,
			scheduler: "Karras",
			override_settings: { CLIP_stop_at_last_layers: 2 },
			force_task_id: expect.stringMatching(/^dediffusion-/),
		});
	});

	it("names the checkpoint by its title, whatever the user calls it", async () => {
		for (const checkpoint of ["paint_oil", "oil.ckpt", "cc6cb27103", "paint/oil.ckpt [cc6cb27103]"]) {
			const service = await openWebUi({}, { checkpoint });
			await draw(service.decoder);
			expect(drawings(service)[0]?.body.override_settings).toEqual({
				sd_model_checkpoint: "paint/oil.ckpt [cc6cb27103]",
			});
		}
	});

	it("for a checkpoint that is not there fails before anything is drawn with another", async () => {
		const service = await openWebUi({}, { checkpoint: "sdxl" });
		await expect(draw(service.decoder)).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			advice: expect.stringContaining("dreams.safetensors"),
		});
		expect(drawings(service)).toEqual([]);
	});

	it("joins seeds that follow each other, and gives the results in order", async () => {
		const service = await openWebUi({}, { maxImages: 4 });
		const seeds = [7, 8, 9, 3, 11];
		const results = await draw(
			service.decoder,
			seeds.map((seed) => ({ seed })),
		);
		expect(drawings(service).map(({ body }) => [body.seed, body.batch_size])).toEqual([
			[7, 3],
			[3, 1],
			[11, 1],
		]);
		expect(results.map(({ seed }) => seed)).toEqual(seeds);
	});
});

describe("a text with the web UI's syntax", () => {
	const text = "a (red:1.4) apple AND <lora:x:1> [a|b] #1, at 7:30";

	it("is drawn as its words", async () => {
		const { decoder, asked } = await openWebUi();
		const [result] = await draw(decoder, [{ prompt: text, negativePrompt: "(green)" }]);
		expect(asked.map(({ path }) => path).slice(0, 2)).toEqual(["/sdapi/v1/options", "/sdapi/v1/txt2img"]);
		expect(asked[1]?.body).toMatchObject({
			prompt: "a \\(red:1.4\\) apple A\\ND <\\lora:x:1> \\[a|b\\] #1, at 7:\\30",
			negative_prompt: "\\(green\\)",
			override_settings: { enable_prompt_comments: false },
		});
		expect(result).toMatchObject({ effectivePrompt: text, warnings: [] });
	});

	it("gives another picture than the same text as syntax", async () => {
		const { decoder, url } = await openWebUi();
		const raw = await open(url, { promptSyntax: "raw" });
		const request = { prompt: "a (red:1.4) apple" };
		expect(await bytesOf(raw, request)).not.toEqual(await bytesOf(decoder, request));
		expect(await bytesOf(raw, { prompt: "a \\(red:1.4\\) apple" })).toEqual(await bytesOf(decoder, request));
	});

	it("goes out as it is where the user wants the syntax", async () => {
		const { decoder, asked } = await openWebUi({}, { promptSyntax: "raw" });
		expect(await draw(decoder, [{ prompt: text }])).toMatchObject([{ effectivePrompt: text }]);
		expect(asked[0]).toMatchObject({ path: "/sdapi/v1/txt2img", body: { prompt: text, override_settings: {} } });
	});

	it("is drawn as its words where the web UI takes backslashes for some, and has no comments", async () => {
		const { decoder, asked } = await openWebUi({ settings: { emphasis: "None" } });
		await draw(decoder, [{ prompt: text }]);
		expect(asked[1]?.body.override_settings).toEqual({ emphasis: "Original" });
	});
});

describe("an answer", () => {
	const edited = (edit: (answer: WebUiAnswer) => object, options: Options = {}) => openWebUi({ edit }, options);

	it("says which seed and which text were drawn", async () => {
		const { decoder } = await edited(({ images, info }) => ({
			images,
			info: JSON.stringify({ ...info, all_seeds: [77], all_prompts: ["a red apple, oil on canvas"] }),
		}));
		expect(await draw(decoder)).toMatchObject([
			{
				seed: 77,
				effectivePrompt: "a red apple, oil on canvas",
				warnings: [{ setting: "seed" }, { setting: "prompt", message: expect.stringMatching(/changed the text/) }],
			},
		]);
	});

	it("says that the sampler was another", async () => {
		const { decoder } = await openWebUi({}, { samplers: ["Euler a Karras", "Quantum"] });
		expect(await draw(decoder)).toMatchObject([{ warnings: [] }]);
		expect(await draw(decoder, [{ scheduler: "Quantum" }])).toMatchObject([
			{ warnings: [{ type: "adjusted", setting: "scheduler", message: expect.stringContaining("DPM++ 2M") }] },
		]);
	});

	it("may have nothing to say beside the picture", async () => {
		const { decoder } = await edited(({ images }) => ({ images, info: "" }));
		expect(await draw(decoder)).toMatchObject([{ status: "done", seed: 5, effectivePrompt: "a red apple" }]);
	});

	it.each<[string, (answer: WebUiAnswer) => object, RegExp]>([
		["no picture", () => ({ images: [], info: "{}" }), /0 pictures/],
		["two pictures for one", ({ images }) => ({ images: [...images, ...images], info: "{}" }), /2 pictures/],
		["no base64", () => ({ images: ["<png>"], info: "{}" }), /base64/],
		["pictures of another type", () => ({ images: "AAAA", info: "{}" }), /form: images/],
		["no info", ({ images }) => ({ images }), /form: info/],
		["info that is cut off", ({ images }) => ({ images, info: '{"all_seeds": [5' }), /info: it is no JSON/],
		["info of another type", ({ images }) => ({ images, info: '{"all_seeds": "5"}' }), /form: info.all_seeds/],
	])("with %s is not understood", async (_, edit, message) => {
		await expect(draw((await edited(edit)).decoder)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(message),
		});
	});
});

describe("progress", () => {
	it("is that of the picture, with a view of it", async () => {
		const { decoder } = await openWebUi({ steps: 3 }, { pollMs: 1 });
		const progress: DecodeProgress[] = [];
		await draw(decoder, [{}], { onProgress: (now) => progress.push(now) });
		// The last one may come too late to be told.
		expect(progress.map(({ fraction }) => fraction).slice(0, 2)).toEqual([0.25, 0.5]);
		expect(progress[0]?.preview).toEqual({ kind: "encoded", bytes: await pictureOf(8, 8, 1) });
	});

	it("says the step where the web UI has no pages", async () => {
		const { decoder } = await openWebUi({ steps: 2, hasPages: false }, { pollMs: 1 });
		const progress: DecodeProgress[] = [];
		await draw(decoder, [{}], { onProgress: (now) => progress.push(now) });
		expect(progress[0]).toMatchObject({ message: expect.stringMatching(/^step \d of 2$/), preview: {} });
	});

	it("says that others come first", async () => {
		const { decoder: silent, url, begun } = await openWebUi({ steps: 2 });
		const controller = new AbortController();
		const first = draw(silent, [{}], { signal: controller.signal });
		await begun;
		const messages: (string | undefined)[] = [];
		const second = draw(await open(url, { pollMs: 1 }), [{ seed: 6 }], {
			onProgress: ({ message }) => {
				messages.push(message);
				controller.abort();
			},
		});
		await expect(first).rejects.toMatchObject({ code: "ABORTED" });
		expect(await second).toMatchObject([{ status: "done", seed: 6 }]);
		expect(messages[0]).toBe("In queue: 1/1");
	});

	it("does not have to be there", async () => {
		const drawn = { images: [(await pictureOf(8, 8)).toString("base64")], info: "{}" };
		const polled = Promise.withResolvers<void>();
		const answer: Answer = async ({ path }, response) => {
			if (path.startsWith("/sdapi/v1/txt2img")) {
				await polled.promise;
				return drawn;
			}
			polled.resolve();
			return void response.writeHead(500).end("<html>");
		};
		const { url } = kept(await startService(answer));
		expect(await draw(await open(url, { pollMs: 1 }))).toMatchObject([{ status: "done" }]);
	});
});

describe("a picture that is not wanted any more", () => {
	it("is stopped, and no other", async () => {
		const service = await openWebUi({ steps: 1000 });
		const [first, second] = [new AbortController(), new AbortController()];
		const drawn = draw(service.decoder, [{}], { signal: first.signal });
		await service.begun;
		const waiting = draw(service.decoder, [{ seed: 6 }], { signal: second.signal });
		await service.queued;
		second.abort();
		await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
		expect(service.asked.map(({ path }) => path)).not.toContain("/sdapi/v1/interrupt");
		first.abort();
		await expect(drawn).rejects.toMatchObject({ code: "ABORTED" });
		expect(service.asked.at(-1)?.path).toBe("/sdapi/v1/interrupt");
	});

	it("is given up though the web UI is gone", async () => {
		const service = await openWebUi({ steps: 1000 });
		const controller = new AbortController();
		const drawn = draw(service.decoder, [{}], { signal: controller.signal });
		await service.begun;
		controller.abort();
		service.close();
		await expect(drawn).rejects.toMatchObject({ code: "ABORTED" });
	});

	it("by somebody at the web UI is no picture", async () => {
		const service = await openWebUi({ steps: 1000 });
		const drawn = draw(service.decoder);
		await service.begun;
		service.interrupt();
		await expect(drawn).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			message: expect.stringMatching(/stopped/),
			retryable: false,
		});
	});
});

describe("a failure", () => {
	const failing = async (status: number, body: string) => {
		const { url } = kept(await startService((_, response) => void response.writeHead(status).end(body)));
		return draw(await open(url));
	};

	it.each([
		[
			500,
			{ error: "OutOfMemoryError", detail: "", body: "", errors: "CUDA out of memory." },
			{ code: "BACKEND_UNAVAILABLE", message: "The backend answered 500: OutOfMemoryError: CUDA out of memory." },
		],
		[
			500,
			{ error: "NansException", detail: "", body: "", errors: "A tensor with all NaNs." },
			{ code: "BACKEND_UNAVAILABLE", retryable: false },
		],
		[
			404,
			{ error: "HTTPException", detail: "Sampler not found", body: "", errors: "" },
			{ code: "BACKEND_INVALID_REQUEST", message: "The backend answered 404: Sampler not found" },
		],
		[404, { detail: "Not Found" }, { code: "BACKEND_INVALID_REQUEST", advice: "Start the web UI with --api." }],
		[401, { detail: "Incorrect username or password" }, { code: "BACKEND_AUTH" }],
		[
			422,
			{ detail: [{ loc: ["body", "steps"], msg: "value is not a valid integer" }] },
			{ code: "BACKEND_INVALID_REQUEST", message: expect.stringMatching(/valid integer/) },
		],
	])("%i with %j is understood", async (status, body, error) => {
		await expect(failing(status, JSON.stringify(body))).rejects.toMatchObject(error);
	});

	it("of something before the web UI is shown as it is", async () => {
		await expect(failing(502, "<html>Bad gateway")).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			message: "The backend answered 502: an HTML page",
		});
	});

	it("is an answer that is cut off, too", async () => {
		const { url } = kept(await startService((_, response) => void response.end('{"images": ["iVBOR')));
		await expect(draw(await open(url))).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});

	it("is a web UI that is not running", async () => {
		const service = await openWebUi();
		service.close();
		await expect(draw(service.decoder)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
		await expect(service.decoder.health?.(new AbortController().signal)).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
		});
	});

	it.each<[string, Options, string]>([
		["default sampler", { samplers: ["Quantum"] }, "Choose one of DPM++ 2M, Euler a, Euler, DDIM."],
		[
			"checkpoint",
			{ checkpoint: "sdxl" },
			"Choose one of dreams.safetensors [6ce0161689], paint/oil.ckpt [cc6cb27103].",
		],
	])("is a %s that the web UI does not have, for its health", async (_, options, advice) => {
		const { decoder } = await openWebUi({}, options);
		await expect(decoder.health?.(new AbortController().signal)).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			advice,
		});
	});
});

it("refuses a default size beyond the largest", () => {
	expect(() => automatic1111({ width: 1024, maxSize: 512 })).toThrow(/maxSize/);
});
