import { describe, expect, it } from "vitest";
import { brush, paint } from "../../../test/brush.ts";
import { createTestClock } from "../../../test/clock.ts";
import { type Decoder, DeDiffusionError, type Plugin, type PluginHost } from "../../plugins/index.ts";
import { createDecoders, type DecodersOptions, type Lent } from "./decoders.ts";

const logged: string[] = [];
const lent: Lent = {
	inference: { open: () => Promise.reject(new Error("No graph is needed here.")) },
	log: (_level, line) => void logged.push(line),
};

const pluginOf = (setup: (host: PluginHost) => Decoder): Plugin => ({
	name: "brushes",
	apiVersion: 1,
	setup: (host) => [setup(host)],
});

const open = (decoder: Decoder, options: Partial<DecodersOptions> = {}) =>
	createDecoders([pluginOf(() => decoder)], lent, { textLength: 100, clock: createTestClock(), ...options });

/** Fails so often before it paints. */
function moody(failures: number, code: "BACKEND_UNAVAILABLE" | "INFERENCE_FAILED" = "BACKEND_UNAVAILABLE") {
	let calls = 0;
	const generate: Decoder["generate"] = async (requests) => {
		if (calls++ < failures) throw new DeDiffusionError(code, "Not now.");
		return requests.map(paint);
	};
	return { generate, calls: () => calls };
}

describe("a decoder's limits", () => {
	it.each([
		["network", {}, 3],
		["cpu", {}, 1],
		["cpu", { retries: 1 }, 2],
		["network", { retries: 0 }, 1],
	] as const)("in the lane %s with %j allow %i calls", async (lane, limits, calls) => {
		const mood = moody(9);
		const decoders = await open({ ...brush("oil", { lane, generate: mood.generate }), limits });
		await expect(decoders.decode("a cat", "oil", {})).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
		expect(mood.calls()).toBe(calls);
	});

	it("are overruled by the configuration, one by one", async () => {
		const mood = moody(9);
		const decoder = { ...brush("oil", { lane: "network", generate: mood.generate }), limits: { retries: 5 } };
		const decoders = await open(decoder, { decoders: { oil: { retries: 1 } } });
		await expect(decoders.decode("a cat", "oil", {})).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
		expect(mood.calls()).toBe(2);
	});

	it("are not given to a decoder that is not there", async () => {
		await expect(open(brush("oil"), { decoders: { ink: { retries: 1 } } })).rejects.toMatchObject({
			code: "CONFIG_INVALID",
			input: "decoders.ink",
		});
	});

	it("space out what comes too fast", async () => {
		const clock = createTestClock();
		const decoder = brush("oil", { lane: "network", capabilities: { maxBatch: 1 } });
		const decoders = await open(decoder, { clock, decoders: { oil: { callsPerMinute: 1, concurrency: 1 } } });
		await Promise.all(["a", "b", "c"].map((text) => decoders.decode(text, "oil", {})));
		expect(clock.slept).toEqual([60_000, 60_000]);
	});
});

describe("a call", () => {
	it("that is late though its decoder does not listen is left behind in the network", async () => {
		const clock = createTestClock();
		const generate: Decoder["generate"] = () => {
			setImmediate(() => clock.expire());
			return new Promise(() => undefined);
		};
		const decoders = await open({ ...brush("deaf", { lane: "network", generate }), limits: { retries: 0 } }, { clock });
		await expect(decoders.decode("a cat", "deaf", {})).rejects.toMatchObject({ code: "BACKEND_TIMEOUT" });
		expect(clock.slept).toEqual([1000]);
	});

	it("of a local decoder has no time limit unless one is set", async () => {
		const clock = createTestClock();
		const generate: Decoder["generate"] = async (requests, { signal }) => {
			clock.expire();
			if (signal.aborted) throw new DeDiffusionError("ABORTED", "Stopped.");
			return requests.map(paint);
		};
		const free = await open(brush("oil", { generate }), { clock });
		expect(await free.decode("a cat", "oil", {})).toHaveProperty("picture");
		const limited = await open({ ...brush("oil", { generate }), limits: { timeoutMs: 5 } }, { clock });
		await expect(limited.decode("a cat", "oil", {})).rejects.toMatchObject({ code: "BACKEND_TIMEOUT" });
	});

	it("is found to have failed with a code also where a client library put its own error around it", async () => {
		const generate: Decoder["generate"] = () => {
			const cause = new DeDiffusionError("BACKEND_AUTH", "No.");
			throw new Error("Connection error.", { cause: new Error("fetch failed", { cause }) });
		};
		const decoders = await open(brush("oil", { lane: "network", generate: async (...all) => generate(...all) }));
		await expect(decoders.decode("a cat", "oil", {})).rejects.toMatchObject({ code: "BACKEND_AUTH", message: "No." });
	});

	it("shows no secret in what it throws, warns of or gives as a reason", async () => {
		const spoken = "the key is hidden-key";
		const results: Decoder["generate"][] = [
			async (requests) =>
				requests.map((request) => ({ ...paint(request), warnings: [{ type: "other", message: spoken }] })),
			async (requests) => requests.map((request) => ({ ...paint(request), status: "filtered", reason: spoken })),
			() => Promise.reject(new TypeError(spoken)),
		];
		const generate: Decoder["generate"] = (...all) => (results.shift() as Decoder["generate"])(...all);
		const plugin = pluginOf((host) => {
			host.connect({ url: "http://127.0.0.1:9000", secrets: ["hidden-key"] });
			host.log("info", spoken);
			return brush("oil", { generate });
		});
		const decoders = await createDecoders([plugin], lent, { textLength: 100 });
		expect((await decoders.decode("a cat", "oil", {})).warnings).toMatchObject([{ message: "the key is [redacted]" }]);
		expect((await decoders.decode("a cat", "oil", {})).filteredReason).toBe("the key is [redacted]");
		await expect(decoders.decode("a cat", "oil", {})).rejects.toThrow("the key is [redacted]");
		expect(logged).toContain("the key is [redacted]");
	});

	it("is traced, each attempt of it", async () => {
		const spans: unknown[] = [];
		const mood = moody(1);
		const decoders = await open(brush("oil", { lane: "network", generate: mood.generate }), {
			trace: (name, attributes, work) => {
				spans.push([name, attributes]);
				return work();
			},
		});
		await decoders.decode("a cat", "oil", {});
		expect(spans).toEqual([0, 1].map((attempt) => ["decoder.generate", { decoder: "oil", requests: 1, attempt }]));
	});
});

describe("batches of requests that must be alike", () => {
	it("hold what differs in the seed alone, and no more than fit", async () => {
		const batches: string[][] = [];
		const generate: Decoder["generate"] = async (requests) => {
			batches.push(requests.map(({ prompt, seed }) => `${prompt} ${seed}`));
			return requests.map(paint);
		};
		const capabilities = { maxBatch: 2, batches: "alike" } as const;
		const decoders = await open(brush("oil", { lane: "network", generate, capabilities }));
		const wanted = [
			["cat", 1],
			["dog", 2],
			["cat", 3],
			["cat", 4],
		] as const;
		const drawn = await Promise.all(wanted.map(([text, seed]) => decoders.decode(text, "oil", { seed })));
		expect(batches).toEqual([["cat 1", "cat 3"], ["cat 4"], ["dog 2"]]);
		expect(drawn.map(({ seed, effectivePrompt }) => [effectivePrompt, seed])).toEqual(wanted);
	});
});

describe("a plugin", () => {
	it("of another version of the contract is refused, and named", async () => {
		const plugin = { ...pluginOf(() => brush("oil")), apiVersion: 2 } as unknown as Plugin;
		await expect(createDecoders([plugin], lent, { textLength: 100 })).rejects.toMatchObject({
			code: "CONFIG_INVALID",
			input: "brushes",
			advice: expect.stringContaining("version 1"),
		});
	});

	it("that cannot be set up leaves nothing open of those before it", async () => {
		const closed: string[] = [];
		const first = pluginOf(() => brush("oil", { close: async () => void closed.push("oil") }));
		const broken = pluginOf(() => {
			throw new DeDiffusionError("MODEL_INVALID", "Broken.");
		});
		await expect(createDecoders([first, broken], lent, { textLength: 100 })).rejects.toMatchObject({
			code: "MODEL_INVALID",
		});
		expect(closed).toEqual(["oil"]);
	});
});

describe("health", () => {
	it("is what the decoder says, in time and with a code", async () => {
		const never = new AbortController().signal;
		expect(await (await open(brush("oil"))).health("oil", never)).toBeUndefined();
		const health = () => Promise.reject(new DeDiffusionError("BACKEND_AUTH", "No."));
		const ill = await open({ ...brush("oil", { lane: "network" }), health });
		await expect(ill.health("oil", never)).rejects.toMatchObject({ code: "BACKEND_AUTH" });
	});
});
