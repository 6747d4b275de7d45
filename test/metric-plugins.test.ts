/**
 * A metric of a plugin beside PSNR and SSIM: in reconstructions, in a comparison's cells, after a restart.
 *
 * @module
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { DeDiffusionError, definePlugin, type Metric } from "../src/plugins/index.ts";
import { brush } from "./brush.ts";
import { colourDistance } from "./colour-distance.ts";
import { plainPicture } from "./pictures.ts";
import { pluginOf, scratchFolder, serve, until } from "./server.ts";

const broken: Partial<Metric> = {
	name: "Broken",
	higherIsBetter: true,
	measure: async () => {
		throw new DeDiffusionError("BACKEND_AUTH", "The key is wrong.");
	},
	health: async () => {
		throw new DeDiffusionError("BACKEND_UNAVAILABLE", "Nobody is at home.");
	},
};

const { unit: _, ...plainNumber } = colourDistance("broken", broken);
const measuring = definePlugin({
	name: "measuring",
	options: z.strictObject({}),
	setup: () => ({ metrics: [colourDistance("colour"), plainNumber] }),
})({});

const further = "further { metric name value unit higherIsBetter error { code message retryable } }";
/** Paints grey 60 where the original is grey 50. */
const expected = [
	{ metric: "colour", name: "Colour", value: 10, unit: "levels", higherIsBetter: false, error: null },
	{
		...{ metric: "broken", name: "Broken", value: null, unit: null, higherIsBetter: true },
		error: { code: "BACKEND_AUTH", message: "The key is wrong.", retryable: false },
	},
];

test("shows beside PSNR and SSIM, says so where it fails, and is kept", async () => {
	const dataFolder = await scratchFolder();
	const options = {
		dataFolder,
		engine: { plugins: [pluginOf(brush("oil")), measuring], metrics: { colour: { retries: 1 } } },
	};
	const server = await serve(options);
	const { id } = await server.engine.pictures.add((await plainPicture([50, 50, 50])).bytes);
	const asked = await server.ask(`{
		metrics { id name unit higherIsBetter lane limits { retries } health { ready code } }
		reconstruct(picture: { id: "${id}" }, decoder: "oil", settings: { seed: 60 }) { metrics { psnr ssim ${further} } }
	}`);
	expect(asked.errors).toBeUndefined();
	expect(asked.data.metrics).toMatchObject([
		{ id: "colour", unit: "levels", higherIsBetter: false, lane: "NETWORK", limits: { retries: 1 } },
		{ id: "broken", unit: null, health: { ready: false, code: "BACKEND_UNAVAILABLE" } },
	]);
	expect(asked.data.reconstruct.metrics).toMatchObject({ psnr: expect.any(Number), further: expected });

	const sources = [{ text: "a cat", original: { id } }, { text: "a dog" }];
	const started = await server.ask("mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id } }", {
		input: { sources, decoders: ["oil"], seeds: [60] },
	});
	const query = `{ comparison(id: "${started.data.transferPrompt.id}") { status cells { status metrics { psnr ${further} } } } }`;
	const { data } = await until(server.url, query, ({ comparison }) => comparison.status === "DONE");
	expect(data.comparison.cells).toMatchObject([
		{ status: "DONE", metrics: { further: expected } },
		{ status: "DONE", metrics: null },
	]);
	await server.close();

	// A later server without the plugin still shows what was measured.
	const later = await serve({ ...options, engine: { plugins: [pluginOf(brush("oil"))] } });
	expect((await later.ask(query)).data).toEqual(data);
	expect((await later.ask("{ metrics { id } }")).data.metrics).toEqual([]);
	await later.close();
});

test("limits are for metrics that are there", async () => {
	const starting = serve({ engine: { plugins: [measuring], metrics: { lpips: { retries: 1 } } } });
	await expect(starting).rejects.toMatchObject({ code: "CONFIG_INVALID", input: "metrics.lpips" });
});
