/**
 * A ComfyUI behind the host: what the plugin leaves to it, over requests and WebSocket alike.
 *
 * @module
 */
import { comfyui } from "@dediffusion/comfyui";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { type ComfyOptions, startComfy } from "../plugins/comfyui/src/testing/comfy.ts";
import { textToImage, textToImageInputs } from "../plugins/comfyui/src/testing/workflow.ts";
import { createDecoders } from "../src/core/decoding/decoders.ts";
import type { DecodeProgress, DecoderLimits } from "../src/plugins/index.ts";
import { createTestClock } from "./clock.ts";

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

	test("shows its key to nobody, whatever a node says", async () => {
		const { decoders } = await open({ failing: { node: "3", type: "RuntimeError", message: `${key} is bad` } });
		await expect(decoders.decode("an apple", "far", { seed: 1 })).rejects.toMatchObject({
			message: "The node 3 (KSampler) failed: RuntimeError: [redacted] is bad",
		});
	});
});
