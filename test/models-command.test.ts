/**
 * `dediffusion models`: from a hub to a picture, with everything that goes wrong on the way.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { wholeFolder } from "../plugins/stable-diffusion/src/testing/families.ts";
import { tinyEncoder, tinyPipeline } from "./fixtures.ts";
import { commit, type Fault, filesBelow, startHub, type TestHub } from "./hub.ts";
import { house, type ProcessOptions, run } from "./process.ts";
import { expectNoInsides } from "./refusals.ts";
import { scratchFolder } from "./server.ts";
import { blocksOf, repository } from "./snippets.ts";

const token = "hf_aTokenOfTheTest";
let hub: TestHub;

beforeAll(async () => {
	const folder = wholeFolder("tiny-xl");
	const files = filesBelow(folder);
	rmSync(folder, { recursive: true });
	const others = [...files].map(
		([path, content]) => [path.replace("model.onnx", "model.safetensors"), content] as const,
	);
	hub = await startHub({
		"someone/tiny-XL": { files: new Map([...files, ...others]), revisions: ["v1.0"] },
		"someone/private": { files, token },
		"someone/torch": { files: new Map(others) },
	});
});

afterAll(() => hub?.close());

/** What can be asked of a machine with an empty cache. */
async function machine() {
	const folder = await scratchFolder();
	const cache = join(folder, "cache", "hub");
	const environment = { HF_ENDPOINT: hub.url, HF_HOME: join(folder, "cache"), HF_HUB_CACHE: "", HF_TOKEN: "" };
	return {
		folder,
		snapshot: (name: string) => join(cache, `models--someone--${name}`, "snapshots", commit),
		dediffusion: (args: readonly string[], options: ProcessOptions["environment"] = {}) =>
			run(args, { folder, environment: { ...environment, ...options } }),
	};
}

function withFault(path: string, fault: Fault): void {
	hub.faults.set(path, fault);
	onTestFinished(() => void hub.faults.delete(path));
}

test("pull brings a pipeline, list shows it, check opens it, and it draws", async () => {
	const { folder, snapshot, dediffusion } = await machine();
	const pulled = await dediffusion(["models", "pull", "someone/tiny-XL"]);
	expect(pulled).toMatchObject({ code: 0, stdout: expect.stringContaining(snapshot("tiny-XL")) });
	expect(pulled.stderr).toMatch(/^unet\/model\.onnx_data \(182 kB\)$/m);
	expect(pulled.stderr).not.toContain("safetensors");

	const listed = await dediffusion(["models", "list", "--json"]);
	const { models } = JSON.parse(listed.stdout);
	expect(models).toContainEqual({
		name: "someone/tiny-XL@main",
		kind: "decoder",
		family: "Stable Diffusion XL",
		source: "hub cache",
		folder: snapshot("tiny-XL"),
		size: expect.any(Number),
		use: expect.stringContaining('id: "tiny-xl"'),
	});

	const checked = await dediffusion(["models", "check", snapshot("tiny-XL"), "--json"]);
	expect(checked.code).toBe(0);
	expect(JSON.parse(checked.stdout)).toMatchObject({ family: "Stable Diffusion XL", usable: true, problems: [] });

	await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
	const plugin = /stableDiffusion\(.*\)/.exec(pulled.stdout)?.[0];
	await writeFile(
		join(folder, "dediffusion.config.mjs"),
		`import { stableDiffusion } from "@dediffusion/stable-diffusion";\nexport default { plugins: [${plugin}], encoders: [{ id: "tiny", folder: ${JSON.stringify(tinyEncoder)} }] };\n`,
	);
	const drawn = await dediffusion([
		"reconstruct",
		join(repository, "models/example.png"),
		"-o",
		"out.png",
		"--steps",
		"1",
	]);
	expect(drawn).toMatchObject({ code: 0 });
	expect((await sharp(join(folder, "out.png")).metadata()).format).toBe("png");
});

test("pull takes a revision, tells as JSON, and fetches nothing twice", async () => {
	const { snapshot, dediffusion } = await machine();
	const pull = async () =>
		JSON.parse((await dediffusion(["models", "pull", "someone/tiny-XL", "--revision", "v1.0", "--json"])).stdout);
	const first = await pull();
	expect(first).toMatchObject({ repository: "someone/tiny-XL", commit, folder: snapshot("tiny-XL") });
	// Its two tokenizers have files in common.
	expect(first.received).toBeGreaterThan(0.9 * first.size);
	expect(first.received).toBeLessThan(first.size);
	expect(await pull()).toMatchObject({ files: first.files, received: 0 });
	expect(await readFile(join(snapshot("tiny-XL"), "../../refs/v1.0"), "utf8")).toBe(commit);
});

test("a pull that was interrupted goes on where it stopped", async () => {
	const { dediffusion } = await machine();
	withFault("unet/model.onnx_data", { cutAt: 100_000 });
	const broken = await dediffusion(["models", "pull", "someone/tiny-XL"]);
	expect(broken).toMatchObject({ code: 1, stdout: "" });
	expect(broken.stderr).toMatch(/\[BACKEND_UNAVAILABLE\].*goes on where it stopped/);
	hub.faults.clear();
	hub.requests.length = 0;
	expect(await dediffusion(["models", "pull", "someone/tiny-XL"])).toMatchObject({ code: 0 });
	const asked = hub.requests.filter(({ at }) => at === "store").map(({ path, range }) => [path, range]);
	expect(asked).toEqual([["/someone/tiny-XL/unet/model.onnx_data", expect.stringMatching(/^bytes=[1-9]\d*-$/)]]);
});

test("a token comes from the environment and is printed nowhere", async () => {
	const { dediffusion } = await machine();
	const { code, stdout, stderr } = await dediffusion(["models", "pull", "someone/private"], { HF_TOKEN: token });
	expect(code).toBe(0);
	expect(stdout + stderr).not.toContain(token);
	const refused = await dediffusion(["models", "pull", "someone/private"], { HF_TOKEN: "a-wrong-token" });
	expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("[BACKEND_AUTH]") });
	expect(refused.stderr).not.toContain("a-wrong-token");
});

describe("pull says what is wrong and what to do:", () => {
	test.each([
		[
			"a repository that is not there",
			["someone/nobody"],
			/no repository someone\/nobody.*\[MODEL_NOT_FOUND\].*HF_TOKEN/,
		],
		["a revision that is not there", ["someone/tiny-XL", "--revision", "onnx"], /\[MODEL_NOT_FOUND\].*tree\/main/],
		["no ONNX graphs", ["someone/torch"], /without the ONNX graph.*\[MODEL_INVALID\].*--revision onnx/],
		["no name of a repository", ["../etc"], /\[INPUT_INVALID\].*owner\/name/],
	])("%s", async (_, args, line) => {
		const { dediffusion } = await machine();
		const { code, stdout, stderr } = await dediffusion(["models", "pull", ...args]);
		expect([code, stdout]).toEqual([1, ""]);
		expect(stderr).toMatch(line);
		expectNoInsides(stderr);
	});

	test("a wrong checksum", async () => {
		const { dediffusion } = await machine();
		withFault("vae_decoder/model.onnx", { isDamaged: true });
		const { code, stderr } = await dediffusion(["models", "pull", "someone/tiny-XL", "--json"]);
		expect(code).toBe(1);
		expect(JSON.parse(stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
			error: { code: "DOWNLOAD_DAMAGED", input: "vae_decoder/model.onnx", retryable: true },
		});
	});

	test("a hub that cannot be reached", async () => {
		const { dediffusion } = await machine();
		const closed = await startHub({});
		closed.close();
		const { code, stderr } = await dediffusion(["models", "pull", "someone/tiny-XL"], { HF_ENDPOINT: closed.url });
		expect(code).toBe(1);
		expect(stderr).toMatch(/cannot be reached\. \[BACKEND_UNAVAILABLE\].*HF_ENDPOINT/);
	});
});

describe("check", () => {
	test("says what a pipeline is and how much memory it needs", async () => {
		const { dediffusion } = await machine();
		const { code, stdout } = await dediffusion(["models", "check", tinyPipeline, "--config", house]);
		expect(code).toBe(0);
		for (const line of [
			`${tinyPipeline}: Stable Diffusion (StableDiffusionPipeline)`,
			/^ {2}scheduler +ddim, predicts epsilon; may be .*euler/m,
			/^ {2}precision +weights in float16 \(235 kB\), float32 \(108 kB\)$/m,
			/^ {2}memory +579 kB of weights/m,
			/^ {2}device +cpu$/m,
			/takes sample float32 .*, timestep float32 scalar, /,
			/Nothing is missing: it can be used\.$/m,
		]) {
			expect(stdout).toMatch(line);
		}
	});

	test("knows encoders", async () => {
		const { dediffusion } = await machine();
		const { code, stdout } = await dediffusion(["models", "check", tinyEncoder, "--config", house]);
		expect(code).toBe(0);
		expect(stdout).toMatch(/De-Diffusion encoder.*pictures of 16 x 16.*4 tokens/s);
	});

	test("fails and names what is missing", async () => {
		const { folder, dediffusion } = await machine();
		await cp(tinyPipeline, join(folder, "model"), { recursive: true });
		await rm(join(folder, "model", "unet", "model.onnx"));
		const { code, stdout } = await dediffusion(["models", "check", "model", "--config", house]);
		expect(code).toBe(1);
		expect(stdout).toMatch(
			/unet\/model\.onnx cannot be used: the file is missing \[MODEL_INVALID\]\n.*docs\/stable-diffusion\.md/,
		);
		const empty = await dediffusion(["models", "check", ".", "--config", house, "--json"]);
		expect(empty.code).toBe(1);
		expect(JSON.parse(empty.stdout)).toMatchObject({ usable: false, problems: [{ code: "MODEL_INVALID" }] });
	});
});

test("check says what docs/stable-diffusion.md shows, whatever the bundled model is", async () => {
	const shown = blocksOf("docs/stable-diffusion.md").find(({ kind }) => kind === "check")?.code ?? "";
	const { stdout } = await run(["models", "check", "models/scenes-a"], { folder: repository });
	const rowsOf = (text: string) =>
		text.split("\n").map((line) => /^ *\w*/.exec(line.replace(`${repository}`, ""))?.[0]);
	expect(rowsOf(stdout)).toEqual(rowsOf(shown));
});

describe("list", () => {
	test("shows the bundled models and how to use them", async () => {
		const { code, stdout } = await (await machine()).dediffusion(["models", "list"]);
		expect(code).toBe(0);
		expect(stdout).toMatch(
			/^dediffusion-scenes: encoder, De-Diffusion, bundled, [\d.]+ MB\n {4}in .*\n {4}use: dediffusion encode/m,
		);
		expect(stdout).toMatch(
			/^scenes-a: decoder, Stable Diffusion, bundled, .*\n.*\n {4}use: dediffusion transfer .*--decoders scenes-a$/m,
		);
	});

	test("tells configured models from bundled ones that are not in use", async () => {
		const { stdout } = await (await machine()).dediffusion(["models", "list", "--json", "--config", house]);
		const { models } = JSON.parse(stdout);
		expect(models.map(({ name, source }: Record<string, string>) => `${name} ${source}`)).toEqual([
			"tiny-encoder configured",
			"dediffusion-scenes bundled",
			"tiny configured",
			"scenes-a bundled",
			"scenes-b bundled",
		]);
		expect(models.at(-1).use).toMatch(
			/stableDiffusion\(.*scenes-b.*guidanceScale: 2, guidanceRescale: 0\.7.*dediffusion\.config\.ts/,
		);
	});

	test("knows a bundled model by its files, not by the path to them", async () => {
		const { folder, dediffusion } = await machine();
		await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
		await writeFile(
			join(folder, "dediffusion.config.mjs"),
			'import { stableDiffusion } from "@dediffusion/stable-diffusion";\nexport default { plugins: [stableDiffusion({ models: [{ id: "mine", folder: "node_modules/dediffusion/models/scenes-a" }] })] };\n',
		);
		const { models } = JSON.parse((await dediffusion(["models", "list", "--json"])).stdout);
		expect(models.map(({ name, source }: Record<string, string>) => `${name} ${source}`)).toEqual([
			"dediffusion-scenes bundled",
			"mine bundled",
			"scenes-b bundled",
		]);
	});

	test("says what a pipeline in the cache lacks, and leaves out what is no pipeline", async () => {
		const { snapshot, dediffusion } = await machine();
		const index = join(tinyPipeline, "model_index.json");
		await cp(index, join(snapshot("begun"), "model_index.json"));
		await cp(index, join(snapshot("language-model"), "config.json"));
		await mkdir(snapshot("flux"), { recursive: true });
		await writeFile(join(snapshot("flux"), "model_index.json"), '{ "_class_name": "FluxPipeline" }');
		const { stdout } = await dediffusion(["models", "list", "--json"]);
		const { models } = JSON.parse(stdout);
		const cached = models.filter(({ source }: Record<string, string>) => source === "hub cache");
		expect(cached).toMatchObject([
			{ name: `someone/begun@${commit}`, problem: expect.stringMatching(/^text_encoder\/model\.onnx is missing/) },
			{ name: `someone/flux@${commit}`, problem: expect.stringMatching(/FluxPipeline; supported/) },
		]);
	});

	test("goes on where a configured model cannot be opened", async () => {
		const { folder, dediffusion } = await machine();
		await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
		await writeFile(
			join(folder, "dediffusion.config.mjs"),
			'import { stableDiffusion } from "@dediffusion/stable-diffusion";\nexport default { plugins: [stableDiffusion({ models: [{ id: "gone", folder: "gone" }] })] };\n',
		);
		const { code, stdout } = await dediffusion(["models", "list"]);
		expect(code).toBe(0);
		expect(stdout).toMatch(
			/^@dediffusion\/stable-diffusion: decoder, plugin, configured\n {4}cannot be used: .*gone\/model_index\.json/m,
		);
		expect(stdout).toMatch(/^scenes-a: /m);
	});
});
