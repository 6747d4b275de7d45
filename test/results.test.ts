import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageOf } from "../bench/results/page.ts";
import type { Results, SourceName } from "../bench/results/results.ts";
import { readStrip } from "../bench/results/strip.ts";
import { createInference } from "../src/core/inference/pool.ts";
import { frechetDistance } from "../src/core/metrics/frechet-distance.ts";
import { momentsOf } from "../src/core/metrics/moments.ts";
import { openReader } from "../src/core/reader/reader.ts";
import type { PixelImage } from "../src/plugins/index.ts";
import { tinyEncoder, tinyPipeline, tinyReader } from "./fixtures.ts";
import { writeScenes } from "./scenes.ts";

const command = fileURLToPath(new URL("../bench/results/run.ts", import.meta.url));
const otherPipeline = fileURLToPath(new URL("../plugins/stable-diffusion/fixtures/tiny-v", import.meta.url));

const scratch = await mkdtemp(join(tmpdir(), "results-"));
const [scenes, work, out] = ["scenes", "work", "out"].map((name) => join(scratch, name)) as [string, string, string];

const execute = promisify(execFile);

/** Runs `npm run results` as npm does after the build. */
async function measure(...more: readonly string[]): Promise<string> {
	const { stdout } = await execute(process.execPath, [
		command,
		...["--scenes", scenes, "--work", work, "--out", out, "--count", "12", "--sweep-count", "8", "--steps", "2"],
		...["--encoder", tinyEncoder, "--reader", tinyReader, "--scenes-a", tinyPipeline, "--scenes-b", otherPipeline],
		...["--resamples", "20", "--threads", "1", ...more],
	]);
	return stdout;
}

const written = (name: string) => readFile(join(out, name));
const writtenText = async (name: string) => String(await written(name));

let results: Results;
beforeAll(async () => {
	await Promise.all([scenes, out].map((folder) => mkdir(folder)));
	await writeScenes(scenes);
	await measure();
	results = JSON.parse(await writtenText("results.json"));
	// Some seconds of work, but all of it waits for the processors of a busy machine.
}, 300_000);
afterAll(() => rm(scratch, { recursive: true }));

describe("npm run results", () => {
	it("finds in the originals what they show", () => {
		const [originals, ...drawn] = results.decoders;
		expect(originals).toMatchObject({ decoder: "originals", everyThing: { value: 1 }, background: { value: 1 } });
		expect(drawn.map(({ decoder }) => decoder)).toEqual(["scenes-a", "scenes-b"]);
	});

	it("counts the words of the texts that it quotes", () => {
		const { examples, recall, precision, backgroundFirst, differentTexts, wholeWords } = results.text;
		expect(examples).toHaveLength(12);
		const counted = examples.map(({ complete, text }) => {
			const [background, thing] = complete.split(" ") as [string, string];
			const said = text.split(" ");
			return {
				found: said.includes(thing) ? 1 : 0,
				named: new Set(said.filter((word) => ["cat", "dog"].includes(word))).size,
				first: said.find((word) => ["red", "green", "blue"].includes(word)) === background ? 1 : 0,
			};
		});
		const sum = (name: "found" | "named" | "first") => counted.reduce((total, row) => total + row[name], 0);
		expect(recall.value).toBeCloseTo(sum("found") / 12, 12);
		expect(precision.value).toBeCloseTo(sum("named") === 0 ? 0 : sum("found") / sum("named"), 12);
		expect(backgroundFirst.value).toBeCloseTo(sum("first") / 12, 12);
		expect(differentTexts).toBe(new Set(examples.map(({ text }) => text)).size / 12);
		expect(wholeWords).toBe(1);
	});

	it("measures every source at every guidance scale, and no text the same at all of them", () => {
		const { sweep, best } = results.transfer;
		const sources = ["none", "terse", "complete", "dediffusion-4"];
		expect(best.map(({ source }) => source)).toEqual(sources);
		expect(sweep).toHaveLength(4 * 6);
		const of = (source: SourceName) => sweep.filter((point) => point.source === source).map(({ fid }) => fid.value);
		expect(new Set(of("none")).size).toBe(1);
		expect(new Set(of("terse")).size).toBe(6);
		for (const { source, guidanceScale } of best) {
			const lowest = Math.min(...of(source));
			const chosen = sweep.find((point) => point.source === source && point.guidanceScale === guidanceScale);
			expect(chosen?.fid.value).toBe(lowest);
		}
	});

	it("sweeps with plain guidance, too, which is the same where there is none to rescale", () => {
		const { sweep, plain } = results.transfer;
		expect(results.setting.guidanceRescale).toBe(0.7);
		expect(plain?.sweep).toHaveLength(sweep.length);
		const changed = sweep.filter((point, index) => plain?.sweep[index]?.fid.value !== point.fid.value);
		expect(changed).toEqual(sweep.filter(({ source, guidanceScale }) => source !== "none" && guidanceScale > 1));
	});

	it("gives the same number wherever the same pictures are measured", () => {
		const { sources, fidBelowTerse, fidOverComplete } = results.reconstruction;
		const fid = (name: SourceName) => sources.find(({ source }) => source === name)?.fid.value ?? Number.NaN;
		expect(results.prefixes.map(({ length }) => length)).toEqual([2, 4]);
		const whole = sources.find(({ source }) => source === "dediffusion-4");
		expect(results.prefixes.at(-1)).toMatchObject({ fid: whole?.fid, psnr: whole?.psnr });
		expect(fidBelowTerse.value).toBeCloseTo(1 - fid("dediffusion-4") / fid("terse"), 12);
		expect(fidOverComplete.value).toBeCloseTo(fid("dediffusion-4") / fid("complete"), 12);
		const { best, bestBelowTerse } = results.transfer;
		const bestFid = (name: SourceName) => best.find(({ source }) => source === name)?.fid.value ?? Number.NaN;
		expect(bestBelowTerse.value).toBeCloseTo(1 - bestFid("dediffusion-4") / bestFid("terse"), 12);
	});

	it("measures the pictures that it keeps", async () => {
		const inference = createInference({ providers: ["cpu"], threads: 1 });
		try {
			const reader = await openReader(tinyReader, inference);
			const names = (await readdir(scenes)).filter((name) => name.endsWith(".png")).sort();
			const originals = await Promise.all(names.map((name) => pixelsOf(join(scenes, name))));
			const strips = (await readdir(work)).filter((name) =>
				name.startsWith("scenes-a-terse-guidance-2-rescaled-0.7-0-"),
			);
			const strip = await Promise.all(strips.map((name) => readStrip(join(work, name), 12)));
			// The contact sheet's strip is shorter.
			const pictures = strip.find((some) => some?.[0]?.height === 32) ?? [];
			const [wanted, drawn] = [await reader.read(originals), await reader.read(pictures)];
			const distance = frechetDistance(momentsOf(wanted.features), momentsOf(drawn.features));
			const terse = results.reconstruction.sources.find(({ source }) => source === "terse");
			expect(terse?.fid.value).toBeCloseTo(distance, 10);
		} finally {
			await inference.close();
		}
	});

	it("says an error with every number", () => {
		const estimates = [
			...results.decoders.slice(1).map(({ things }) => things),
			...results.reconstruction.sources.flatMap(({ fid, psnr }) => [fid, psnr]),
			...results.transfer.sweep.map(({ fid }) => fid),
			...results.prefixes.flatMap(({ things, psnr, fid }) => [things, psnr, fid]),
		];
		for (const { value, standardError, low, high } of estimates) {
			expect(Number.isFinite(value)).toBe(true);
			expect(standardError).toBeGreaterThanOrEqual(0);
			expect(low).toBeLessThanOrEqual(high);
		}
	});

	it("says of pictures outside of its world what the encoder says", () => {
		expect(results.outside.map(({ file }) => file)).toEqual(
			expect.arrayContaining(["cat.jpg", "cup.jpg", "house.svg"]),
		);
		for (const { text } of results.outside) expect(text.split(" ")).toHaveLength(4);
	});

	it("writes the page that its numbers give, and pictures that the page shows", async () => {
		const page = await writtenText("results.md");
		expect(page).toBe(pageOf(results));
		const images = [...page.matchAll(/\]\((images\/[^)]*)\)/g)].map(([, name]) => name as string);
		expect(images).toHaveLength(3);
		for (const name of images) {
			const { width } = await sharp(await written(name)).metadata();
			expect(width).toBeGreaterThan(500);
		}
	});

	it("goes on where it was stopped, to the same numbers", async () => {
		const before = await writtenText("results.json");
		const lost = (await readdir(work)).find((name) => name.startsWith("scenes-b-complete-guidance-3-rescaled-0.7-"));
		await unlink(join(work, lost as string));
		const lines = (await measure()).split("\n");
		expect(lines.filter((line) => line.includes("a second"))).toEqual([
			expect.stringContaining("scenes-b, complete, guidance 3 rescaled by 0.7: 8 of 8"),
		]);
		expect(await writtenText("results.json")).toBe(before);
	});

	it("writes the page again without measuring", async () => {
		const before = await writtenText("results.md");
		await measure("--page-only", "--scenes-b", "nowhere");
		expect(await writtenText("results.md")).toBe(before);
	});

	it("names every model that is missing before it draws anything", async () => {
		const failed = measure("--scenes-b", join(scratch, "no-b"), "--reader", join(scratch, "no-reader"));
		await expect(failed).rejects.toMatchObject({
			code: 1,
			stdout: "",
			stderr: expect.stringMatching(
				/missing[\s\S]*scenes-b: .*no-b.model_index\.json[\s\S]*reader: .*no-reader.config\.json/,
			),
		});
	});
});

async function pixelsOf(path: string): Promise<PixelImage> {
	const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
	return { kind: "pixels", width: info.width, height: info.height, data };
}
