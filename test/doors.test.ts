/**
 * A server that cannot open says why, and leaves nothing behind.
 *
 * @module
 */
import { appendFile, cp, rm, truncate, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import { describe, expect, test } from "vitest";
import { openModels } from "../src/core/models.ts";
import { startServer } from "../src/server.ts";
import { brush } from "./brush.ts";
import { tinyEncoder, tinyPipeline } from "./fixtures.ts";
import { refusalOf } from "./refusals.ts";
import { configurationOf, pluginOf, scratchFolder, serve } from "./server.ts";

test("a port that is taken, and the data folder is free again", async () => {
	const taken = await serve();
	const dataFolder = await scratchFolder();
	const port = Number(new URL(taken.url).port);
	const refused = startServer(configurationOf(dataFolder, { port }), { logLevel: "silent" });
	await expect(refused).rejects.toMatchObject({
		code: "PORT_IN_USE",
		input: "port",
		message: expect.stringContaining(String(port)),
		advice: expect.stringContaining("--port"),
	});
	await taken.close();
	const next = await serve({ dataFolder, port });
	expect(next.url).toBe(`http://127.0.0.1:${port}`);
	await next.close();
});

test("an address that is not of this machine", async () => {
	const configuration = configurationOf(await scratchFolder(), { host: "192.0.2.1", token: "t" });
	await expect(startServer(configuration, { logLevel: "silent" })).rejects.toMatchObject({
		code: "CONFIG_INVALID",
		input: "host",
		message: expect.stringContaining("192.0.2.1"),
	});
});

test.each(["0.0.0.0", "::", "192.168.0.1", "example.org"])("a public address without a token: %s", async (host) => {
	await expect(startServer(configurationOf("/nowhere", { host }))).rejects.toMatchObject({
		code: "BIND_REFUSED",
		input: "host",
		advice: expect.stringContaining("DEDIFFUSION_TOKEN"),
	});
});

test("may be closed twice", async () => {
	const server = await startServer(configurationOf(await scratchFolder()), { logLevel: "silent" });
	await Promise.all([server.close(), server.close()]);
	await expect(fetch(server.url)).rejects.toThrow("fetch failed");
});

describe("a model folder that cannot be used is named with its file:", () => {
	async function copyOf(folder: string): Promise<string> {
		const copy = join(await scratchFolder(), "model");
		await cp(folder, copy, { recursive: true });
		return copy;
	}
	const open = (encoder: string, pipeline: string) =>
		openModels({
			plugins: [stableDiffusion({ models: [{ id: "tiny", folder: pipeline }] })],
			encoders: [{ id: "tiny-encoder", folder: encoder }],
			inference: { providers: ["cpu"], threads: 1 },
		});

	test.each(["config.json", "model.onnx", "tokenizer/vocab.json"])("an encoder without %s", async (file) => {
		const folder = await copyOf(tinyEncoder);
		await rm(join(folder, file));
		await expect(open(folder, tinyPipeline)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, file),
		});
	});

	test("an encoder whose graph is cut short", async () => {
		const folder = await copyOf(tinyEncoder);
		await truncate(join(folder, "model.onnx"), 1000);
		await expect(open(folder, tinyPipeline)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: join(folder, "model.onnx"),
		});
	});

	test.each(["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "tokenizer/merges.txt"])(
		"a decoder without %s",
		async (file) => {
			const folder = await copyOf(tinyPipeline);
			await rm(join(folder, file));
			await expect(open(tinyEncoder, folder)).rejects.toMatchObject({
				code: "MODEL_INVALID",
				input: join(folder, file),
			});
		},
	);

	test("a decoder whose scheduler nobody knows", async () => {
		const folder = await copyOf(tinyPipeline);
		await writeFile(join(folder, "scheduler", "scheduler_config.json"), '{ "_class_name": "MagicScheduler" }');
		await expect(open(tinyEncoder, folder)).rejects.toMatchObject({
			code: "SCHEDULER_UNKNOWN",
			message: expect.stringContaining("MagicScheduler"),
		});
	});

	test("a decoder's folder is found from the configuration's, wherever the server is started", async () => {
		const models = await openModels({
			folder: dirname(tinyPipeline),
			plugins: [stableDiffusion({ models: [{ id: "tiny", folder: basename(tinyPipeline) }] })],
			encoders: [{ id: "tiny-encoder", folder: tinyEncoder }],
			inference: { providers: ["cpu"], threads: 1 },
		});
		expect(models.decoders.get("tiny").model?.folder).toBe(tinyPipeline);
		await models.close();
	});

	test("two decoders of one id", async () => {
		const models = openModels({
			plugins: [pluginOf(brush("oil")), pluginOf(brush("oil"))],
			encoders: [{ id: "tiny-encoder", folder: tinyEncoder }],
			inference: { providers: ["cpu"], threads: 1 },
		});
		await expect(models).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("oil") });
	});

	test("a decoder whose graph is found broken at the first picture, and the others still draw", async () => {
		const folder = await copyOf(tinyPipeline);
		await truncate(join(folder, "unet", "model.onnx"), 1000);
		await appendFile(join(folder, "unet", "model.onnx"), "and then nothing");
		const plugins = [stableDiffusion({ models: [{ id: "broken", folder }] }), pluginOf(brush("oil"))];
		const server = await serve({ engine: { plugins } });
		const draw = (decoder: string) => server.ask(`{ decode(text: "a cat", decoder: "${decoder}") { seed } }`);
		const refusal = await refusalOf(await draw("broken"));
		expect(refusal).toMatchObject({ code: "MODEL_INVALID", input: join("broken", "unet", "model.onnx") });
		expect(JSON.stringify(refusal)).not.toContain(folder);
		expect((await draw("oil")).errors).toBeUndefined();
		await server.close();
	});
});
