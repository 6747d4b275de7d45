/**
 * A ComfyUI behind the host: what the plugin leaves to it, over requests and WebSocket alike.
 *
 * @module
 */
import type { ServerResponse } from "node:http";
import { comfyui } from "@dediffusion/comfyui";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { type ComfyOptions, startComfy } from "../plugins/comfyui/src/testing/comfy.ts";
import { textToImage, textToImageInputs } from "../plugins/comfyui/src/testing/workflow.ts";
import { createDecoders } from "../src/core/decoding/decoders.ts";
import type { DecodeProgress, DecoderLimits } from "../src/plugins/index.ts";
import { createTestClock, type TestClock } from "./clock.ts";

const key = "key-that-nobody-must-see";

afterEach(() => {
	delete process.env.COMFY_KEY;
});

async function open(options: ComfyOptions = {}, limits: DecoderLimits = {}) {
	process.env.COMFY_KEY = `Bearer ${key}`;
	const comfy = await startComfy({ authorization: `Bearer ${key}`, ...options });
	onTestFinished(() => comfy.close());
	const plugin = comfyui({
		id: "far",
		url: comfy.url,
		workflow: textToImage,
		inputs: textToImageInputs,
		schedulers: ["euler"],
		authorizationVariable: "COMFY_KEY",
	});
	const clock = createTestClock();
	const lent = { inference: { open: () => Promise.reject(new Error("No graphs.")) }, log: () => undefined };
	const decoders = await createDecoders([plugin], lent, { textLength: 1000, clock, decoders: { far: limits } });
	onTestFinished(() => decoders.close());
	return { comfy, clock, decoders };
}

const runsOf = ({ asked }: { readonly asked: readonly { path: string }[] }) =>
	asked.filter(({ path }) => path === "/prompt").length;

describe("a workflow", () => {
	test("draws, and tells how far it is", async () => {
		const { decoders } = await open();
		const progress: DecodeProgress[] = [];
		const settings = { seed: 7, width: 72, negativePrompt: "green" };
		const decoding = await decoders.decode("a (red) apple", "far", settings, {
			onProgress: (now) => progress.push(now),
		});
		expect(decoding).toMatchObject({ seed: 7, effectivePrompt: "a (red) apple", warnings: [] });
		expect(decoding.picture).toMatchObject({ mediaType: "image/png", width: 72, height: 64 });
		expect(progress.some(({ preview }) => preview !== undefined)).toBe(true);
	});

	test("is run again where the WebSocket breaks, and the run before is stopped", async () => {
		let breaks = 2;
		const { decoders, comfy, clock } = await open({
			holds: breaks,
			say: (type, socket) => {
				const isBreak = type === "progress" && breaks-- > 0;
				if (isBreak) socket.terminate();
				return isBreak;
			},
		});
		expect(await decoders.decode("an apple", "far", { seed: 1 })).toHaveProperty("picture");
		expect([runsOf(comfy), clock.slept]).toEqual([3, [500, 1000]]);
	});

	test("that takes too long is interrupted", async () => {
		const { decoders, comfy, clock } = await open({ holds: 1 }, { retries: 0 });
		const drawn = decoders.decode("an apple", "far", { seed: 1 });
		await comfy.halfway;
		clock.expire();
		await expect(drawn).rejects.toMatchObject({ code: "BACKEND_TIMEOUT" });
		// The host does not wait for it.
		while (comfy.asked.at(-1)?.path !== "/interrupt") await new Promise(setImmediate);
	});

	test("is given up while its picture is fetched", async () => {
		const controller = new AbortController();
		const { decoders } = await open({
			misbehave: (path, response) => {
				if (path !== "/view") return false;
				response.writeHead(200, { "content-type": "image/png" });
				response.write("\x89PNG", () => setImmediate(() => controller.abort()));
				return true;
			},
		});
		const drawn = decoders.decode("an apple", "far", { seed: 1 }, { signal: controller.signal });
		await expect(drawn).rejects.toMatchObject({ code: "ABORTED" });
	});

	test("is given up while it waits for its turn, and never asks", async () => {
		const { decoders, comfy } = await open({ holds: 1 });
		const controllers = [new AbortController(), new AbortController()];
		const drawn = controllers.map(({ signal }, seed) => decoders.decode("an apple", "far", { seed }, { signal }));
		await comfy.halfway;
		controllers[1]?.abort();
		await expect(drawn[1]).rejects.toMatchObject({ code: "ABORTED" });
		controllers[0]?.abort();
		await expect(drawn[0]).rejects.toMatchObject({ code: "ABORTED" });
		expect(runsOf(comfy)).toBe(1);
	});

	test("shows its key to nobody, whatever a node says", async () => {
		const { decoders } = await open({ failing: { node: "3", type: "RuntimeError", message: `${key} is bad` } });
		await expect(decoders.decode("an apple", "far", { seed: 1 })).rejects.toMatchObject({
			message: "The node 3 (KSampler) failed: RuntimeError: [redacted] is bad",
		});
	});
});

describe("a bad day", () => {
	type Bad = (response: ServerResponse, decoders: { readonly clock: TestClock }) => void;
	const status =
		(code: number, headers: Record<string, string> = {}, body = `{"error":"no ${key}"}`): Bad =>
		(response) =>
			void response.writeHead(code, headers).end(body);

	/** A ComfyUI that misbehaves at one path, the first times or always. */
	async function bad(path: string, day: Bad, times = Number.POSITIVE_INFINITY) {
		let left = times;
		const world = await open({
			misbehave: (asked, response) => {
				if (!asked.startsWith(path) || left-- <= 0) return false;
				day(response, world);
				return true;
			},
		});
		return world;
	}

	test.each<[string, string, Bad, number, string, number]>([
		["401", "/prompt", status(401), 1, "BACKEND_AUTH", 1],
		["403", "/prompt", status(403), 1, "BACKEND_AUTH", 1],
		["404", "/prompt", status(404), 1, "BACKEND_INVALID_REQUEST", 1],
		["400", "/prompt", status(400), 1, "BACKEND_INVALID_REQUEST", 1],
		["503 for ever", "/prompt", status(503), 9, "BACKEND_UNAVAILABLE", 3],
		["429 that asks for an hour", "/prompt", status(429, { "retry-after": "3600" }), 1, "BACKEND_RATE_LIMITED", 1],
		["a page", "/prompt", status(200, { "content-type": "text/html" }, "<html>"), 1, "BACKEND_PROTOCOL", 1],
		["a private address", "/prompt", status(307, { location: "http://10.0.0.1/" }), 1, "BACKEND_PROTOCOL", 1],
		["a page for a picture", "/view", status(200, { "content-type": "text/html" }, "<html>"), 1, "BACKEND_PROTOCOL", 1],
		["a PNG that is none", "/view", status(200, { "content-type": "image/png" }, "hello"), 1, "BACKEND_PROTOCOL", 1],
		[
			"two gigabytes",
			"/view",
			(response) => void response.writeHead(200, { "content-length": String(2 ** 31) }).write("x"),
			1,
			"BACKEND_PROTOCOL",
			1,
		],
		[
			"a body that never ends",
			"/history",
			(response, { clock }) => void response.writeHead(200).write("{", () => clock.expire()),
			9,
			"BACKEND_TIMEOUT",
			3,
		],
	])("with %s at %s ends in an error with a code, without the key", async (_, path, day, times, code, runs) => {
		const { decoders, comfy } = await bad(path, day, times);
		const error = await decoders.decode("an apple", "far", { seed: 1 }).catch((error: unknown) => error as Error);
		expect(error).toMatchObject({ code });
		expect((error as Error).message).not.toContain(key);
		expect(runsOf(comfy)).toBe(runs);
	});

	test.each<[string, string, Bad, number]>([
		["429 that asks for seven seconds", "/prompt", status(429, { "retry-after": "7" }), 7000],
		["429 that does not say", "/prompt", status(429), 500],
		["500", "/prompt", status(500), 500],
		[
			"a connection that breaks halfway",
			"/view",
			(response) => {
				response.writeHead(200, { "content-length": "1000" });
				response.write("x", () => response.destroy());
			},
			500,
		],
	])("with %s at %s is got over", async (_, path, day, slept) => {
		const { decoders, clock } = await bad(path, day, 1);
		expect(await decoders.decode("an apple", "far", { seed: 1 })).toHaveProperty("picture");
		expect(clock.slept).toEqual([slept]);
	});
});
