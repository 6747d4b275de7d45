/**
 * Whether decoders could draw now, and how hard they are driven, as the API says it.
 *
 * @module
 */
import { once } from "node:events";
import { cp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { openaiImages } from "@dediffusion/openai-images";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import { expect, onTestFinished, test } from "vitest";
import type { Config } from "../src/plugins/index.ts";
import { brush } from "./brush.ts";
import { tinyPipeline } from "./fixtures.ts";
import { pluginOf, scratchFolder, serve } from "./server.ts";

const question = `{ decoders {
	id
	health { ready code message advice }
	limits { concurrency callsPerMinute timeoutMs retries }
	capabilities { abort }
} }`;
const ready = { ready: true, code: null, message: null, advice: null };

async function decodersOf(engine: Config) {
	const server = await serve({ engine });
	onTestFinished(() => server.close());
	const { data, errors } = await server.ask(question);
	expect(errors).toBeUndefined();
	return data.decoders;
}

test("a decoder that does not say is taken to be ready, and defaults are filled in", async () => {
	const [decoder] = await decodersOf({ plugins: [pluginOf(brush("oil"))] });
	expect(decoder).toEqual({
		id: "oil",
		health: ready,
		limits: { concurrency: 1, callsPerMinute: null, timeoutMs: null, retries: 0 },
		capabilities: { abort: "STEP" },
	});
});

test("what a decoder declares is shown, and what the configuration overrules", async () => {
	const slow = { ...brush("slow", { capabilities: { abort: "batch" } }), limits: { retries: 3, timeoutMs: 5000 } };
	const [decoder] = await decodersOf({
		plugins: [pluginOf(slow)],
		decoders: { slow: { retries: 1, callsPerMinute: 6 } },
	});
	expect(decoder.limits).toEqual({ concurrency: 1, callsPerMinute: 6, timeoutMs: 5000, retries: 1 });
	expect(decoder.capabilities).toEqual({ abort: "BATCH" });
});

test("a model whose file has gone says which, and its neighbour is ready all the same", async () => {
	const folder = join(await scratchFolder(), "model");
	await cp(tinyPipeline, folder, { recursive: true });
	await rm(join(folder, "unet", "model.onnx"));
	const models = [
		{ id: "torn", folder },
		{ id: "whole", folder: tinyPipeline },
	];
	const [torn, whole] = await decodersOf({ plugins: [stableDiffusion({ models })] });
	const file = join("torn", "unet", "model.onnx");
	expect(torn.health).toMatchObject({ ready: false, code: "MODEL_INVALID", message: expect.stringContaining(file) });
	expect(torn.health.message).not.toContain(folder);
	expect(whole.health).toEqual(ready);
});

test("a service that is there is ready; one that has stopped says how it is reached", async () => {
	const service = createServer((_request, response) => {
		response.setHeader("content-type", "application/json").end('{ "data": [] }');
	}).listen(0, "127.0.0.1");
	await once(service, "listening");
	onTestFinished(() => void service.close());
	const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
	const engine = { plugins: [openaiImages({ id: "far", url })] };
	const server = await serve({ engine });
	onTestFinished(() => server.close());
	const health = async () => (await server.ask(question)).data.decoders[0].health;
	expect(await health()).toEqual(ready);
	service.close();
	service.closeAllConnections();
	expect(await health()).toMatchObject({
		ready: false,
		code: "BACKEND_UNAVAILABLE",
		message: expect.stringContaining("cannot be reached"),
		advice: expect.any(String),
	});
});

test("a decoder that fails without a code is a defect: its health is null, and the others are answered", async () => {
	const broken = { ...brush("broken"), health: () => Promise.reject(new TypeError("secret details")) };
	const server = await serve({ engine: { plugins: [pluginOf(broken, brush("oil"))] } });
	onTestFinished(() => server.close());
	const { data, errors, body } = await server.ask(question);
	expect(data.decoders.map(({ health }: { health: unknown }) => health)).toEqual([null, ready]);
	expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
		[["decoders", 0, "health"], "INTERNAL"],
	]);
	expect(body).not.toContain("secret details");
});
