import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { copyFile, mkdtemp, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Counting } from "../../../test/fixtures/counting-loop.ts";
import { tinyEncoder, tinyPipeline } from "../../../test/fixtures.ts";
import { crash, manyPictures, pixelValues } from "../../../test/tensors.ts";
import type { Tensor } from "../../plugins/index.ts";
import { createInference, type InferenceOptions, type InferencePool } from "./pool.ts";

const graph = join(tinyEncoder, "model.onnx");
const unet = join(tinyPipeline, "unet", "model.onnx");
const crashingWorker = new URL("../../../test/fixtures/crashing-worker.ts", import.meta.url);
/** What the pool believes a loaded copy of the graph to take. */
const size = (await stat(graph)).size * 2;

const scratch = await mkdtemp(join(tmpdir(), "inference-"));
const pools: InferencePool[] = [];

afterEach(async () => {
	await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

afterAll(() => rm(scratch, { recursive: true }));

function createPool(options: InferenceOptions = {}): InferencePool {
	const pool = createInference({ providers: ["cpu"], threads: 1, ...options });
	pools.push(pool);
	return pool;
}

async function copyOfGraph(name: string): Promise<string> {
	const path = join(scratch, `${name}.onnx`);
	await copyFile(graph, path);
	return path;
}

const idsOf = ({ token_ids }: Record<string, Tensor>) => [...((token_ids as Tensor).data as BigInt64Array)];

describe("an open graph", () => {
	it("tells its inputs, its outputs and its device", async () => {
		const session = await createPool().open(graph);
		expect(session.inputs).toEqual([{ name: "pixel_values", type: "float32", dims: ["batch_size", 3, 16, 16] }]);
		expect(session.outputs.map(({ name, type }) => `${name} ${type}`)).toEqual([
			"token_ids int64",
			"token_scores float32",
			"attention float32",
		]);
		expect(session.device).toEqual({ provider: "cpu", skipped: [] });
	});

	it("runs: as many rows come out as go in, and each is what it is alone", async () => {
		const session = await createPool().open(graph);
		const both = await session.run(pixelValues(-1, 1));
		const dims = Object.fromEntries(Object.entries(both).map(([name, tensor]) => [name, tensor.dims]));
		expect(dims).toEqual({ token_ids: [2, 4], token_scores: [2, 4], attention: [2, 4, 2, 2] });
		const dark = idsOf(await session.run(pixelValues(-1)));
		const light = idsOf(await session.run(pixelValues(1)));
		expect(dark).not.toEqual(light);
		expect(idsOf(both)).toEqual([...dark, ...light]);
	});

	it("leaves the event loop free while it runs", async () => {
		const session = await createPool().open(graph);
		let isRunning = true;
		const run = session.run(manyPictures()).finally(() => {
			isRunning = false;
		});
		let turns = 0;
		while (isRunning) {
			await nextTurn();
			turns++;
		}
		expect((await run).token_ids?.dims).toEqual([4000, 4]);
		// A run on this thread would take the loop's one turn for itself.
		expect(turns).toBeGreaterThan(2);
	});

	it("copies the inputs' buffers, or takes them when it may", async () => {
		const session = await createPool().open(graph);
		const inputs = pixelValues(0.5);
		const copied = await session.run(inputs);
		expect(inputs.pixel_values.data).toHaveLength(768);
		const taken = await session.run(inputs, { transfer: true });
		expect(inputs.pixel_values.data).toHaveLength(0);
		expect(taken).toEqual(copied);
	});

	it("fails typed when it is given a buffer that was taken, and runs again", async () => {
		const session = await createPool().open(graph);
		const inputs = pixelValues(0.5);
		await session.run(inputs, { transfer: true });
		await expect(session.run(inputs, { transfer: true })).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
		expect(await session.run(pixelValues(0.5))).toHaveProperty("token_ids");
	});

	it.each([
		["an unknown name", { pictures: pixelValues(1).pixel_values }],
		["a wrong type", { pixel_values: { type: "uint8", dims: [1, 3, 16, 16], data: new Uint8Array(768) } }],
		["a wrong shape", { pixel_values: { type: "float32", dims: [1, 3, 8, 8], data: new Float32Array(192) } }],
		["no input", {}],
	] as [string, Record<string, Tensor>][])("refuses inputs of %s by its path, and runs again", async (_, inputs) => {
		const session = await createPool().open(graph);
		await expect(session.run(inputs)).rejects.toMatchObject({
			code: "INFERENCE_FAILED",
			input: graph,
			message: expect.stringContaining(graph),
		});
		expect(await session.run(pixelValues(1))).toHaveProperty("token_ids");
	});

	it("does not start a run that was given up", async () => {
		const pool = createPool();
		const session = await pool.open(graph);
		const run = session.run(pixelValues(1), { signal: AbortSignal.abort() });
		await expect(run).rejects.toMatchObject({ code: "ABORTED" });
		expect(pool.stats().runs).toBe(0);
	});

	it("does not start a run that is given up while another is on", async () => {
		const pool = createPool();
		const session = await pool.open(graph);
		const controller = new AbortController();
		const long = session.run(manyPictures());
		const dropped = session.run(pixelValues(1), { signal: controller.signal });
		controller.abort();
		await expect(dropped).rejects.toMatchObject({ code: "ABORTED" });
		await long;
		expect(pool.stats().runs).toBe(1);
	});

	it("is loaded once for all that open it, and kept until the last one closes it", async () => {
		const pool = createPool();
		const [first, second] = await Promise.all([pool.open(graph), pool.open(graph)]);
		expect(pool.stats()).toMatchObject({ loads: 1, loadedBytes: size });
		await first.close();
		await first.close();
		expect(await second.run(pixelValues(1))).toHaveProperty("token_ids");
		await expect(first.run(pixelValues(1))).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
		await second.close();
		expect(pool.stats()).toMatchObject({ loads: 1, unloads: 1, loadedBytes: 0 });
	});

	it("may live on any of several threads", async () => {
		const pool = createPool({ workers: 2 });
		const [encoder, other] = await Promise.all([pool.open(graph), pool.open(await copyOfGraph("other"))]);
		const outputs = await Promise.all([encoder.run(pixelValues(0.3)), other.run(pixelValues(0.3))]);
		expect(outputs[0]).toEqual(outputs[1]);
		expect(pool.stats()).toMatchObject({ runs: 2, loads: 2, runMs: expect.any(Number) });
	});
});

describe("a loop", () => {
	const module = new URL("../../../test/fixtures/counting-loop.ts", import.meta.url);

	it("makes its runs beside the graph, tells of each, and gives what single runs give", async () => {
		const pool = createPool();
		const session = await pool.open(graph);
		const reports: number[] = [];
		const onReport = (done: number) => reports.push(done);
		const ids = await session.loop<Counting, bigint[][], number>(module, { runs: 3 }, { onReport });
		// The first and the last; whether the second comes too is a matter of milliseconds.
		expect(reports.filter((done) => done !== 2)).toEqual([1, 3]);
		expect(pool.stats().runs).toBe(3);
		expect(pool.stats().runMs).toBeGreaterThan(0);
		const single = await Promise.all([1, 1 - 2 / 3, 1 - 4 / 3].map((value) => session.run(pixelValues(value))));
		expect(ids).toEqual(single.map(idsOf));
	});

	it("stops between two runs when nobody waits any more, and the graph goes on", async () => {
		const session = await createPool().open(graph);
		const controller = new AbortController();
		let runs = 0;
		const endless = session.loop<Counting, bigint[][], number>(
			module,
			{ runs: 1_000_000 },
			{
				signal: controller.signal,
				onReport: (done) => {
					runs = done;
					controller.abort();
				},
			},
		);
		await expect(endless).rejects.toMatchObject({ code: "ABORTED" });
		expect(runs).toBeGreaterThan(0);
		expect(runs).toBeLessThan(1_000_000);
		expect(idsOf(await session.run(pixelValues(1)))).toHaveLength(4);
	});

	it("stops also when it is given up while its module is read for the first time", async () => {
		const session = await createPool().open(graph);
		const controller = new AbortController();
		const late = new URL("../../../test/fixtures/late-loop.ts", import.meta.url);
		const endless = session.loop<Counting, unknown>(late, { runs: 1_000_000 }, { signal: controller.signal });
		await nextTurn();
		controller.abort();
		await expect(endless).rejects.toMatchObject({ code: "ABORTED" });
	});

	it("throws typed errors as it threw them", async () => {
		const session = await createPool().open(graph);
		const refused = session.loop<Counting, unknown>(module, { runs: 3, fails: { after: 1, how: "refusal" } });
		await expect(refused).rejects.toMatchObject({
			name: "DeDiffusionError",
			code: "SETTING_INVALID",
			message: "Too dark.",
			input: "steps",
			advice: "Ask for fewer.",
		});
	});

	it.each(["defect", "graph"] as const)("fails with the graph's name on a %s", async (how) => {
		const session = await createPool().open(graph);
		const broken = session.loop<Counting, unknown>(module, { runs: 3, fails: { after: 1, how } });
		await expect(broken).rejects.toMatchObject({ code: "INFERENCE_FAILED", input: graph });
		expect(idsOf(await session.run(pixelValues(1)))).toHaveLength(4);
	});

	it("is refused on a closed graph, and ended with its pool", async () => {
		const pool = createPool();
		const [kept, closed] = await Promise.all([pool.open(graph), pool.open(unet)]);
		await closed.close();
		await expect(closed.loop<Counting, unknown>(module, { runs: 1 })).rejects.toMatchObject({
			code: "INFERENCE_FAILED",
		});
		const started = new Promise<void>((onReport) => {
			const endless = kept.loop<Counting, unknown, number>(module, { runs: 1_000_000 }, { onReport: () => onReport() });
			endless.catch(() => undefined);
		});
		await started;
		await pool.close();
		await expect(kept.run(pixelValues(1))).rejects.toMatchObject({ code: "ABORTED" });
	});
});

describe("the device", () => {
	it("is the best that works here, with a reason for each better one", async () => {
		const { device } = await createPool({ providers: undefined }).open(graph);
		const climbed = [...device.skipped.map(({ provider }) => provider), device.provider];
		expect(climbed).toEqual(["cuda", "webgpu", "cpu"].slice(0, climbed.length));
		expect(device.skipped.map(({ reason }) => reason)).not.toContain("");
	});

	it("may be chosen for one graph", async () => {
		const pool = createPool({ providers: undefined });
		expect((await pool.open(graph, { providers: ["cpu"] })).device).toEqual({ provider: "cpu", skipped: [] });
	});
});

describe("the memory budget", () => {
	it("unloads what was used longest ago, and loads it again when it is needed", async () => {
		const pool = createPool({ memoryBudget: 2 * size });
		const [first, second] = [await pool.open(graph), await pool.open(await copyOfGraph("second"))];
		expect(pool.stats()).toMatchObject({ loads: 2, unloads: 0, loadedBytes: 2 * size });
		await first.run(pixelValues(1));
		await pool.open(await copyOfGraph("third"));
		expect(pool.stats()).toMatchObject({ loads: 3, unloads: 1, loadedBytes: 2 * size });

		await first.run(pixelValues(1));
		expect(pool.stats().loads).toBe(3);
		expect(await second.run(pixelValues(1))).toEqual(await first.run(pixelValues(1)));
		expect(pool.stats()).toMatchObject({ loads: 4, unloads: 2, loadedBytes: 2 * size });
	});

	it("lets graphs of which only one fits take turns, never unloading one in use", async () => {
		const pool = createPool({ memoryBudget: size, workers: 2 });
		const paths = await Promise.all(["red", "green", "blue"].map(copyOfGraph));
		const sessions = await Promise.all(paths.map((path) => pool.open(path)));
		const expected = await (sessions[0] as (typeof sessions)[0]).run(pixelValues(0.2));
		const runs = [...sessions, ...sessions].map((session) => session.run(pixelValues(0.2)));
		for (const outputs of await Promise.all(runs)) {
			expect(outputs).toEqual(expected);
		}
		expect(pool.stats()).toMatchObject({ runs: 7, loadedBytes: size });
	});

	it("refuses a graph that it can never hold, and says what to do", async () => {
		const pool = createPool({ memoryBudget: size - 1 });
		await expect(pool.open(graph)).rejects.toMatchObject({
			code: "OUT_OF_MEMORY",
			input: graph,
			advice: expect.stringContaining("inference.memoryBudget"),
		});
	});

	it.each([
		["tiny-xl/text_encoder", "model.onnx_data"],
		["tiny-lcm/unet", "weights.pb"],
	])("counts weights in a file beside the graph: %s/%s", async (folder, file) => {
		const graph = join(dirname(tinyPipeline), folder, "model.onnx");
		const sizes = [graph, join(dirname(graph), file)].map((path) => statSync(path).size);
		const pool = createPool();
		await pool.open(graph);
		expect(pool.stats().loadedBytes).toBe(2 * sizes.reduce((sum, bytes) => sum + bytes));
	});
});

describe("a file that is no graph", () => {
	it("is refused when it is missing", async () => {
		const path = join(scratch, "missing.onnx");
		await expect(createPool().open(path)).rejects.toMatchObject({ code: "MODEL_INVALID", input: path });
	});

	it.each([
		["holds nothing", ""],
		["holds text", "This is no graph."],
	])("is refused when it %s, and the pool goes on", async (_, content) => {
		const path = join(scratch, "broken.onnx");
		await writeFile(path, content);
		const pool = createPool();
		await expect(pool.open(path)).rejects.toMatchObject({
			code: "MODEL_INVALID",
			input: path,
			message: expect.stringContaining(path),
		});
		expect(pool.stats().loadedBytes).toBe(0);
		expect((await pool.open(graph)).inputs).toHaveLength(1);
	});

	it("is refused when it is cut short, and opens once it is mended", async () => {
		const path = await copyOfGraph("mended");
		await truncate(path, 2000);
		const pool = createPool();
		await expect(pool.open(path)).rejects.toMatchObject({ code: "MODEL_INVALID", input: path });
		await copyFile(graph, path);
		expect((await pool.open(path)).inputs).toHaveLength(1);
	});
});

describe("a worker that dies", () => {
	it("fails its run, and the next one works on weights that are loaded again", async () => {
		const pool = createPool({ script: crashingWorker });
		const session = await pool.open(graph);
		const before = await session.run(pixelValues(0.4));
		await expect(session.run(crash)).rejects.toMatchObject({ code: "WORKER_CRASHED", retryable: true });
		expect(pool.stats().loadedBytes).toBe(0);
		expect(await session.run(pixelValues(0.4))).toEqual(before);
		expect(pool.stats()).toMatchObject({ loads: 2, loadedBytes: size });
	});

	it("fails what waited behind that run with the same code", async () => {
		const session = await createPool({ script: crashingWorker }).open(graph);
		const runs = await Promise.allSettled([session.run(crash), session.run(pixelValues(1))]);
		expect(runs).toMatchObject([{ reason: { code: "WORKER_CRASHED" } }, { reason: { code: "WORKER_CRASHED" } }]);
		expect(await session.run(pixelValues(1))).toHaveProperty("token_ids");
	});

	it("takes no graph of another thread with it", async () => {
		const pool = createPool({ script: crashingWorker, workers: 2 });
		const [doomed, safe] = await Promise.all([pool.open(graph), pool.open(unet)]);
		const runs = await Promise.allSettled([doomed.run(crash), safe.run({})]);
		expect(runs).toMatchObject([{ reason: { code: "WORKER_CRASHED" } }, { reason: { code: "INFERENCE_FAILED" } }]);
		expect(pool.stats().loadedBytes).toBe((await stat(unet)).size * 2);
	});
});

describe("a pool", () => {
	it("that is closed gives up what runs and takes nothing more", async () => {
		const pool = createPool();
		const session = await pool.open(graph);
		const running = expect(session.run(manyPictures())).rejects.toMatchObject({ code: "ABORTED" });
		// The run has reached its thread before the pool ends it.
		await nextTurn();
		await pool.close();
		await running;
		await expect(session.run(pixelValues(1))).rejects.toMatchObject({ code: "ABORTED" });
		await expect(pool.open(graph)).rejects.toMatchObject({ code: "ABORTED" });
	});

	it("with nothing to do does not keep a program alive", async () => {
		const program = `
			import { createInference } from ${JSON.stringify(new URL("pool.ts", import.meta.url).href)};
			const session = await createInference({ providers: ["cpu"], threads: 1 }).open(${JSON.stringify(graph)});
			console.log(session.inputs[0].name);
		`;
		const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
		expect(stdout).toBe("pixel_values\n");
	});
});
