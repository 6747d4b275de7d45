import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { tinyEncoder } from "../../../test/fixtures.ts";
import { crash, manyPictures, pixelValues } from "../../../test/tensors.ts";
import { InferenceThread, RuntimeFailure } from "./thread.ts";

const crashingWorker = new URL("../../../test/fixtures/crashing-worker.ts", import.meta.url);
const path = join(tinyEncoder, "model.onnx");
const load = { kind: "load", model: 0, path, providers: ["cpu"], threads: 1 } as const;
const run = { kind: "run", model: 0, inputs: pixelValues(0.5) } as const;
const longRun = { kind: "run", model: 0, inputs: manyPictures() } as const;
const deadlyRun = { kind: "run", model: 0, inputs: crash } as const;

const threads: InferenceThread[] = [];

afterEach(async () => {
	await Promise.all(threads.splice(0).map((thread) => thread.close()));
});

function startThread(script = crashingWorker): InferenceThread {
	const thread = new InferenceThread(script);
	threads.push(thread);
	return thread;
}

async function startLoaded(): Promise<InferenceThread> {
	const thread = startThread();
	await thread.ask(load);
	return thread;
}

describe("a thread", () => {
	it("tells what a graph takes and gives when it loads it", async () => {
		expect(await startThread().ask(load)).toEqual({
			inputs: [{ name: "pixel_values", type: "float32", dims: ["batch_size", 3, 16, 16] }],
			outputs: [
				{ name: "token_ids", type: "int64", dims: ["batch_size", 4] },
				{ name: "token_scores", type: "float32", dims: ["batch_size", 4] },
				{ name: "attention", type: "float32", dims: ["batch_size", 4, 2, 2] },
			],
			device: { provider: "cpu", skipped: [] },
		});
	});

	it("answers one question after another, in the order they were asked", async () => {
		const thread = startThread();
		const answered: string[] = [];
		await Promise.all([
			thread.ask(load).then(() => answered.push("load")),
			thread.ask(longRun).then(() => answered.push("long run")),
			thread.ask(run).then(() => answered.push("run")),
			thread.ask({ kind: "unload", model: 0 }).then(() => answered.push("unload")),
		]);
		expect(answered).toEqual(["load", "long run", "run", "unload"]);
		expect(thread.load).toBe(0);
	});

	it("passes the runtime's complaint on and goes on", async () => {
		const thread = await startLoaded();
		const unknown = { kind: "run", model: 5, inputs: {} } as const;
		const [failed, good] = await Promise.allSettled([thread.ask(unknown), thread.ask(run)]);
		expect(failed).toMatchObject({ status: "rejected", reason: expect.any(RuntimeFailure) });
		expect(good).toMatchObject({ status: "fulfilled" });
		expect(thread.generation).toBe(0);
	});

	it("refuses a buffer that was handed over before, and goes on", async () => {
		const thread = await startLoaded();
		const inputs = pixelValues(0.5);
		const transfer = [inputs.pixel_values.data.buffer as ArrayBuffer];
		await thread.ask({ kind: "run", model: 0, inputs }, { transfer });
		const again = thread.ask({ kind: "run", model: 0, inputs }, { transfer });
		const next = thread.ask(run);
		await expect(again).rejects.toThrow(RuntimeFailure);
		expect((await next).outputs).toHaveProperty("token_ids");
	});
});

describe("a question that nobody waits for any more", () => {
	it("is dropped at once while others are before it", async () => {
		const thread = await startLoaded();
		const controller = new AbortController();
		const settled: string[] = [];
		const first = thread.ask(longRun).then(() => settled.push("first"));
		const dropped = thread.ask(run, { signal: controller.signal }).catch(({ code }) => settled.push(code));
		const last = thread.ask(run).then(() => settled.push("last"));
		expect(thread.load).toBe(3);
		controller.abort();
		expect(thread.load).toBe(2);
		await Promise.all([first, dropped, last]);
		expect(settled).toEqual(["ABORTED", "first", "last"]);
	});

	it("is never sent when it was given up before it was asked", async () => {
		const thread = startThread();
		await expect(thread.ask(load, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
		expect(thread.load).toBe(0);
	});

	it("is answered nevertheless once the runtime has it", async () => {
		const thread = await startLoaded();
		const controller = new AbortController();
		const running = thread.ask(run, { signal: controller.signal });
		controller.abort();
		expect((await running).outputs).toHaveProperty("token_ids");
	});
});

describe("a thread that dies", () => {
	it("fails the run it died of and lives again for the next question", async () => {
		const thread = await startLoaded();
		await expect(thread.ask(deadlyRun)).rejects.toMatchObject({ code: "WORKER_CRASHED", retryable: true });
		expect(thread.generation).toBe(1);
		await thread.ask(load);
		expect((await thread.ask(run)).outputs).toHaveProperty("token_ids");
	});

	it("fails the runs that counted on its graphs, but not a load", async () => {
		const thread = await startLoaded();
		const questions = [thread.ask(deadlyRun), thread.ask(run), thread.ask(load), thread.ask(run)];
		const [died, waited, loaded, alsoWaited] = await Promise.allSettled(questions);
		for (const crashed of [died, waited, alsoWaited]) {
			expect(crashed).toMatchObject({ status: "rejected", reason: { code: "WORKER_CRASHED" } });
		}
		expect(loaded).toMatchObject({ status: "fulfilled" });
	});

	it("dies of a script that is not there as of any other fault", async () => {
		const thread = startThread(pathToFileURL(join(tinyEncoder, "no-worker.ts")));
		await expect(thread.ask(load)).rejects.toMatchObject({
			code: "WORKER_CRASHED",
			cause: expect.objectContaining({ message: expect.stringContaining("no-worker.ts") }),
		});
	});
});

describe("a thread that is closed", () => {
	it("gives up what runs and what waits", async () => {
		const thread = await startLoaded();
		const questions = Promise.allSettled([thread.ask(longRun), thread.ask(run)]);
		await thread.close();
		expect(await questions).toMatchObject([{ reason: { code: "ABORTED" } }, { reason: { code: "ABORTED" } }]);
	});

	it("takes no question any more, not even while it ends", async () => {
		const thread = await startLoaded();
		const running = expect(thread.ask(longRun)).rejects.toMatchObject({ code: "ABORTED" });
		const closing = thread.close();
		const late = await Promise.allSettled([thread.ask(run), thread.ask(run)]);
		expect(late).toMatchObject([{ reason: { code: "ABORTED" } }, { reason: { code: "ABORTED" } }]);
		await closing;
		await running;
		await expect(thread.ask(run)).rejects.toMatchObject({ code: "ABORTED" });
	});

	it("may never have been started", async () => {
		const thread = startThread();
		await thread.close();
		await expect(thread.ask(load)).rejects.toMatchObject({ code: "ABORTED" });
	});
});
