/**
 * Encoders and metrics of plugins as people meet them on the command line.
 *
 * @module
 */
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tinyEncoder, tinyPipeline } from "./fixtures.ts";
import { plain } from "./pictures.ts";
import { run } from "./process.ts";
import { scratchFolder } from "./server.ts";
import { repository } from "./snippets.ts";

/** A folder with a picture and a configuration: a captioner, and two metrics of which one fails. */
async function studio(): Promise<string> {
	const folder = await scratchFolder();
	await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
	await writeFile(join(folder, "package.json"), '{ "type": "module" }');
	await writeFile(join(folder, "cat.png"), await plain([255, 0, 0]).png().toBuffer());
	const network = 'lane: "network"';
	const captions = `{
		id: "captions", name: "Captions", ${network},
		capabilities: { settings: [], deterministic: true, maxBatch: 4 },
		encode: async (requests) => Promise.all(requests.map(async ({ picture }) => {
			const { data } = await picture.pixels();
			return { status: "done", text: "the first level is " + data[0], warnings: [] };
		})),
	}`;
	const metrics = `[
		{
			id: "width", name: "Width", unit: "px", higherIsBetter: true, ${network}, capabilities: { maxBatch: 4 },
			measure: async (pairs) => pairs.map(({ picture }) => picture.width),
		},
		{
			id: "gone", name: "Gone", higherIsBetter: true, ${network}, capabilities: { maxBatch: 4 },
			measure: async () => { throw new DeDiffusionError("BACKEND_AUTH", "The key is wrong."); },
		},
	]`;
	const parrot = `{
		id: "parrot", name: "Parrot", ${network}, capabilities: { settings: [], deterministic: true },
		generate: async ({ messages }) => ({
			status: "done", text: messages.at(-1).text.replace("\\n", "; "), finishReason: "stop", warnings: [],
		}),
	}`;
	await writeFile(
		join(folder, "dediffusion.config.js"),
		`import { stableDiffusion } from "@dediffusion/stable-diffusion";
		import { DeDiffusionError } from "dediffusion/plugin";
		export default {
			plugins: [
				stableDiffusion({ models: [{ id: "tiny", folder: ${JSON.stringify(tinyPipeline)}, steps: 2 }] }),
				{ name: "studio", apiVersion: 1, setup: () => ({ encoders: [${captions}], metrics: ${metrics}, languageModels: [${parrot}] }) },
			],
			encoders: [{ id: "tiny-encoder", folder: ${JSON.stringify(tinyEncoder)} }],
			inference: { providers: ["cpu"], threads: 1 },
		};\n`,
	);
	return folder;
}

test("a captioner encodes and is reconstructed from; metrics stand beside PSNR", async () => {
	const folder = await studio();
	const encoded = await run(["encode", "cat.png", "--encoder", "captions", "--length", "4", "--seed", "3"], { folder });
	expect(encoded).toMatchObject({ code: 0, stdout: "the first level is\n" });
	expect(encoded.stderr).toContain("does not take a seed");

	const args = ["reconstruct", "cat.png", "-o", "out.png", "--encoder", "captions"];
	const { stdout } = await run(args, { folder });
	expect(stdout).toMatch(/^the first level is 255\nout\.png: .*SSIM \S+, Width \d+ px, Gone -\n$/);
});

test("ask has a language model answer about the text of a picture", async () => {
	const folder = await studio();
	const args = ["ask", "cat.png", "What is it?", "--encoder", "captions", "--temperature", "1"];
	const { code, stdout, stderr } = await run(args, { folder });
	expect({ code, stdout }).toEqual({
		code: 0,
		stdout: "the first level is 255\nPicture: the first level is 255; Question: What is it?\n",
	});
	expect(stderr).toContain("Parrot does not take temperature");
});

test("transfer draws what several encoders say of one picture, and the sheet shows what metrics say", async () => {
	const folder = await studio();
	const args = ["transfer", "cat.png", "--encoders", "tiny-encoder,captions", "--seeds", "1", "-o", "out", "--json"];
	const { code, stdout, stderr } = await run(args, { folder });
	expect(code).toBe(0);
	const comparison = JSON.parse(stdout);
	expect(comparison.sources).toMatchObject([
		{ label: "cat.png by tiny-encoder", encoder: "tiny-encoder" },
		{ label: "cat.png by captions", encoder: "captions", text: "the first level is 255" },
	]);
	const [{ metrics }] = comparison.cells;
	expect(metrics.further).toMatchObject([
		{ metric: "width", unit: "px", value: expect.any(Number) },
		{ metric: "gone", value: null, error: { code: "BACKEND_AUTH" } },
	]);
	expect(stderr).toMatch(/Gone: The key is wrong\. \[BACKEND_AUTH\] \w/);
	expect(JSON.parse(await readFile(join(folder, "out", "comparison.json"), "utf8")).cells).toHaveLength(2);
});

test("models list shows whatever plugins give, and how to use each", async () => {
	const folder = await studio();
	const { code, stdout } = await run(["models", "list"], { folder });
	expect(code).toBe(0);
	for (const [line, use] of [
		["captions: encoder, service, configured", "dediffusion encode picture.png --encoder captions"],
		["width: metric, service, configured", "its values stand beside PSNR and SSIM, wherever those are"],
		[
			"parrot: language model, service, configured",
			'dediffusion ask picture.png "What is there?" --language-model parrot',
		],
	]) {
		expect(stdout).toContain(`${line}\n    use: ${use}\n`);
	}
	const { models } = JSON.parse((await run(["models", "list", "--json"], { folder })).stdout);
	expect(models).toContainEqual(expect.objectContaining({ name: "parrot", kind: "languageModel" }));
});
