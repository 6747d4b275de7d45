/**
 * Bad days: real plugins, through the host, at a service that misbehaves in every way that services do.
 *
 * @module
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createOpenAI } from "@ai-sdk/openai";
import { fromAiSdk } from "@dediffusion/ai-sdk";
import { automatic1111 } from "@dediffusion/automatic1111";
import { geminiImages, imagen } from "@dediffusion/imagen-compat";
import { openInference } from "@dediffusion/open-inference";
import { openaiImages } from "@dediffusion/openai-images";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createDecoders, type Decoders } from "../src/core/decoding/decoders.ts";
import type { DecoderLimits, Plugin } from "../src/plugins/index.ts";
import { createTestClock, type TestClock } from "./clock.ts";
import { plain } from "./pictures.ts";

const key = "key-that-nobody-must-see";
const picture = await plain([200, 30, 30]).png().toBuffer();

interface Backend {
	readonly name: string;
	plugin(url: string): Plugin;
	/** The answer that holds these pictures in base64. */
	answer(...pictures: readonly string[]): object;
	/** What becomes of a picture too many, where that is no error: models that talk draw as many as they like. */
	readonly surplus?: RegExp;
	/** What the service answers when it is asked for something else than pictures, on the worst of days too. */
	readonly beside?: (path: string) => { readonly status: number; readonly body?: object } | undefined;
}

const openInferenceModel = {
	inputs: [{ name: "PROMPT", datatype: "BYTES", shape: [1] }],
	outputs: [{ name: "IMAGE", datatype: "BYTES", shape: [1] }],
};

const backends: readonly Backend[] = [
	{
		name: "imagen-compat",
		plugin: (url) => imagen({ id: "far", url, model: "m", flavour: "vertex", tokenVariable: "BAD_DAYS_KEY" }),
		answer: (...pictures) => ({ predictions: pictures.map((bytesBase64Encoded) => ({ bytesBase64Encoded })) }),
	},
	{
		name: "imagen-compat's Gemini",
		plugin: (url) => geminiImages({ id: "far", url, model: "m", keyVariable: "BAD_DAYS_KEY" }),
		answer: (...pictures) => ({
			candidates: [{ content: { parts: pictures.map((data) => ({ inlineData: { mimeType: "image/png", data } })) } }],
		}),
		surplus: /drew 2 pictures/,
	},
	{
		name: "openai-images",
		plugin: (url) => openaiImages({ id: "far", url, keyVariable: "BAD_DAYS_KEY" }),
		answer: (...pictures) => ({ data: pictures.map((b64_json) => ({ b64_json })) }),
	},
	{
		name: "automatic1111",
		plugin: (url) => automatic1111({ id: "far", url, authVariable: "BAD_DAYS_KEY" }),
		answer: (...images) => ({ images, info: "" }),
		beside: (path) => (/progress|interrupt/.test(path) ? { status: 404 } : undefined),
	},
	{
		name: "ai-sdk",
		plugin: (url) =>
			fromAiSdk((fetch) => createOpenAI({ baseURL: url, apiKey: key, fetch }).image("gpt-image-2"), { id: "far", url }),
		answer: (...pictures) => ({ created: 1, data: pictures.map((b64_json) => ({ b64_json })) }),
	},
	{
		name: "open-inference",
		plugin: (url) =>
			openInference({
				...{ id: "far", url, model: "m", inputs: { prompt: "PROMPT" }, output: "IMAGE" },
				...{ tensors: "json", tokenVariable: "BAD_DAYS_KEY" },
			}),
		beside: (path) => (path === "/v2/models/m" ? { status: 200, body: openInferenceModel } : undefined),
		answer: (...data) => ({ outputs: [{ name: "IMAGE", datatype: "BYTES", shape: [data.length], data }] }),
	},
];

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

interface World {
	readonly url: string;
	readonly decoders: Decoders;
	readonly clock: TestClock;
	/** How often the service was asked to draw. */
	asked(): number;
	readonly log: string[];
}

beforeEach(() => {
	process.env.BAD_DAYS_KEY = key;
});

afterEach(() => {
	delete process.env.BAD_DAYS_KEY;
});

/** A service that answers the first request with the first listener and so on, and the last one for ever. */
async function serve(
	listeners: readonly Listener[],
	beside: NonNullable<Backend["beside"]> = () => undefined,
): Promise<{ url: string; asked(): number }> {
	let asked = 0;
	const server = createServer(async (request, response) => {
		await buffer(request).catch(() => undefined);
		const aside = beside(request.url ?? "");
		if (aside !== undefined) {
			response.writeHead(aside.status).end(aside.body && JSON.stringify(aside.body));
			return;
		}
		const listener = listeners[Math.min(asked++, listeners.length - 1)] as Listener;
		listener(request, response);
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => {
		server.close();
		server.closeAllConnections();
	});
	return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

async function open(
	{ plugin, beside }: Backend,
	listeners: readonly Listener[],
	limits: DecoderLimits = {},
): Promise<World> {
	const { url, asked } = await serve(listeners, beside);
	const clock = createTestClock();
	const log: string[] = [];
	const lent = {
		inference: { open: () => Promise.reject(new Error("No graphs.")) },
		log: (_: string, line: string) => void log.push(line),
	};
	const decoders = await createDecoders([plugin(url)], lent, { textLength: 1000, clock, decoders: { far: limits } });
	onTestFinished(() => decoders.close());
	return { url, decoders, clock, asked, log };
}

const draw = ({ decoders }: Pick<World, "decoders">, signal?: AbortSignal) =>
	decoders.decode("a red apple", "far", { seed: 1 }, { signal });

const status =
	(code: number, headers: Record<string, string> = {}, body = '{"error":{"message":"no"}}'): Listener =>
	(_, response) =>
		void response.writeHead(code, headers).end(body);

describe.each(backends)("$name", (backend) => {
	const good: Listener = (_, response) => void response.end(JSON.stringify(backend.answer(picture.toString("base64"))));

	test("draws on a good day, at the first attempt", async () => {
		const world = await open(backend, [good]);
		expect(await draw(world)).toMatchObject({ picture: { mediaType: "image/png", width: 16 }, seed: 1 });
		expect([world.asked(), world.clock.slept]).toEqual([1, []]);
	});

	test.each([
		[401, "BACKEND_AUTH"],
		[403, "BACKEND_AUTH"],
		[404, "BACKEND_INVALID_REQUEST"],
		[400, "BACKEND_INVALID_REQUEST"],
	])("does not try %i again", async (code, expected) => {
		const world = await open(backend, [status(code), good]);
		await expect(draw(world)).rejects.toMatchObject({
			code: expected,
			message: expect.stringMatching(/no/),
			retryable: false,
		});
		expect(world.asked()).toBe(1);
	});

	test("waits as long as 429 asks for", async () => {
		const world = await open(backend, [status(429, { "retry-after": "7" }), good]);
		expect(await draw(world)).toHaveProperty("picture");
		expect(world.clock.slept).toEqual([7000]);
	});

	test("waits a little longer each time where 429 does not say", async () => {
		const world = await open(backend, [status(429), status(429), good]);
		expect(await draw(world)).toHaveProperty("picture");
		expect(world.clock.slept).toEqual([500, 1000]);
		expect(world.log).toHaveLength(2);
	});

	test("tells who asks how long to wait, where that is longer than anybody would", async () => {
		const world = await open(backend, [status(429, { "retry-after": "3600" })]);
		const refusal = { code: "BACKEND_RATE_LIMITED", retryAfterMs: 3_600_000 };
		await expect(draw(world)).rejects.toMatchObject(refusal);
		// The next one neither asks the service, which said when, nor hangs until then.
		await expect(draw(world)).rejects.toMatchObject(refusal);
		expect([world.asked(), world.clock.slept]).toEqual([1, []]);
	});

	test("gets over a 500", async () => {
		const world = await open(backend, [status(500), good]);
		expect(await draw(world)).toHaveProperty("picture");
		expect(world.asked()).toBe(2);
	});

	test("gives up where 503 never ends", async () => {
		const world = await open(backend, [status(503)]);
		await expect(draw(world)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
		expect(world.asked()).toBe(3);
	});

	test("tries as often as the configuration says", async () => {
		const world = await open(backend, [status(503)], { retries: 0 });
		await expect(draw(world)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
		expect(world.asked()).toBe(1);
	});

	test("tries again where the connection breaks halfway", async () => {
		const breaking: Listener = (_, response) => {
			response.writeHead(200, { "content-length": "1000" });
			response.write('{"data":', () => response.destroy());
		};
		const world = await open(backend, [breaking, good]);
		expect(await draw(world)).toHaveProperty("picture");
		const hopeless = await open(backend, [breaking]);
		await expect(draw(hopeless)).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			message: expect.stringMatching(/broke off/),
		});
	});

	test("does not wait for a body that never ends", async () => {
		const stalling: Listener = (_, response) => {
			response.writeHead(200, { "content-type": "application/json" });
			response.write("{", () => world.clock.expire());
		};
		const world = await open(backend, [stalling]);
		await expect(draw(world)).rejects.toMatchObject({ code: "BACKEND_TIMEOUT", retryable: true });
		expect(world.asked()).toBe(3);
	});

	test.each<[string, (world: () => World) => Listener, RegExp]>([
		[
			"HTML",
			() => status(200, { "content-type": "text/html" }, "<!doctype html><h1>Welcome</h1>"),
			/no JSON but text\/html|Invalid JSON/,
		],
		[
			"base64 that is none",
			() => (_, response) => response.end(JSON.stringify(backend.answer("!not base64!"))),
			/base64/,
		],
		[
			"a PNG that is none",
			() => (_, response) => response.end(JSON.stringify(backend.answer("aGVsbG8="))),
			/no picture/,
		],
		[
			"two gigabytes",
			() => (_, response) => {
				response.writeHead(200, { "content-length": String(2 ** 31) }).write("{");
			},
			/announces 2147483648/,
		],
		[
			"a redirect to a private address",
			() => status(307, { location: "http://127.0.0.1:9000/secret" }),
			/not on the public internet/,
		],
		[
			"a redirect to a name of one",
			() => status(307, { location: "http://localhost:9000/secret" }),
			/not on the public internet/,
		],
	])("does not take %s for an answer, and asks but once", async (_, listener, message) => {
		const world: World = await open(backend, [(...all) => listener(() => world)(...all)]);
		await expect(draw(world)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(message),
			retryable: false,
		});
		expect(world.asked()).toBe(1);
	});

	test("does not take two pictures for one", async () => {
		const twice = JSON.stringify(backend.answer(...Array(2).fill(picture.toString("base64"))));
		const world = await open(backend, [(_, response) => response.end(twice)]);
		if (backend.surplus !== undefined) {
			const { picture: drawn, warnings } = await draw(world);
			expect(drawn?.width).toBe(16);
			expect(warnings).toMatchObject([{ type: "other", message: expect.stringMatching(backend.surplus) }]);
			return;
		}
		await expect(draw(world)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(/2 pictures/),
			retryable: false,
		});
		expect(world.asked()).toBe(1);
	});

	test("shows its key to nobody, whatever the service says", async () => {
		const body = JSON.stringify({ error: { message: `The key ${key} is bad; see https://x.test/?key=${key}` } });
		const world = await open(backend, [status(500, {}, body)]);
		const error = await draw(world).catch((error: unknown) => error as Error & { advice: string });
		expect(error).toMatchObject({ message: expect.stringContaining("The key [redacted] is bad") });
		expect(JSON.stringify([error, (error as Error).stack, world.log])).not.toContain(key);
		expect(world.log).toHaveLength(2);
	});

	test("is given up while it waits for its turn, and never asks", async () => {
		const begun = Promise.withResolvers<ServerResponse>();
		const world = await open(backend, [(_, response) => begun.resolve(response), good], { concurrency: 1 });
		const first = draw(world);
		const response = await begun.promise;
		const controller = new AbortController();
		const second = draw(world, controller.signal);
		controller.abort();
		await expect(second).rejects.toMatchObject({ code: "ABORTED" });
		response.end(JSON.stringify(backend.answer(picture.toString("base64"))));
		expect(await first).toHaveProperty("picture");
		expect(world.asked()).toBe(1);
	});

	test.each([
		["before it answers", () => undefined],
		["while its answer comes in", (response: ServerResponse) => void response.writeHead(200).write('{"data":[')],
	])("is given up %s, and hangs up", async (_, begin) => {
		const hungUp = Promise.withResolvers<void>();
		const controller = new AbortController();
		const world = await open(backend, [
			(_, response) => {
				response.on("close", () => hungUp.resolve());
				begin(response);
				setImmediate(() => controller.abort());
			},
		]);
		await expect(draw(world, controller.signal)).rejects.toMatchObject({ code: "ABORTED" });
		await hungUp.promise;
		expect(world.asked()).toBe(1);
	});
});

describe("openai-images, where pictures are downloads", () => {
	const backend = backends.find(({ name }) => name === "openai-images") as Backend;
	const offering =
		(address: string): Listener =>
		(request, response) =>
			void response.end(JSON.stringify({ data: [{ url: new URL(address, `http://${request.headers.host}`).href }] }));

	test("is given up in the middle of one", async () => {
		const controller = new AbortController();
		const file: Listener = (_, response) => {
			response.writeHead(200, { "content-type": "image/png" });
			response.write(picture.subarray(0, 20), () => setImmediate(() => controller.abort()));
		};
		const world = await open(backend, [offering("/1.png"), file]);
		await expect(draw(world, controller.signal)).rejects.toMatchObject({ code: "ABORTED" });
	});

	test("fetches none from a private address, and none that is a page", async () => {
		const elsewhere = await serve([status(200)]);
		const world = await open(backend, [offering(`${elsewhere.url}/1.png`)]);
		await expect(draw(world)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			advice: expect.stringContaining(elsewhere.url),
		});
		expect(elsewhere.asked()).toBe(0);
		const page = await open(backend, [offering("/1.png"), status(200, { "content-type": "text/html" }, "<html>")]);
		await expect(draw(page)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(/text\/html/),
		});
	});
});
