import { describe, expect, it } from "vitest";
import { brush, gatedPainting, paint } from "../../../test/brush.ts";
import { plain } from "../../../test/pictures.ts";
import {
	type DecodeProgress,
	type Decoder,
	DeDiffusionError,
	type Plugin,
	type PluginHost,
} from "../../plugins/index.ts";
import { toPixels } from "../picture/pixels.ts";
import { checkText, createDecoders, type Lent } from "./decoders.ts";

const host: Lent = {
	inference: { open: () => Promise.reject(new Error("No graph is needed here.")) },
	log: () => {},
};

const pluginOf = (...decoders: Decoder[]): Plugin => ({ name: "brushes", apiVersion: 1, setup: () => decoders });

const decodersOf = (...decoders: Decoder[]) => createDecoders([pluginOf(...decoders)], host, { textLength: 100 });

const promptsOf = (batches: readonly (readonly { prompt: string }[])[]) =>
	batches.map((batch) => batch.map(({ prompt }) => prompt));

describe("the decoders of all plugins", () => {
	it("are listed in the order of the configuration and found by their ids", async () => {
		const [oil, ink, chalk] = [brush("oil"), brush("ink"), brush("chalk")];
		const decoders = await createDecoders([pluginOf(oil, ink), pluginOf(chalk)], host, { textLength: 100 });
		expect(decoders.list()).toEqual([oil, ink, chalk]);
		expect(decoders.get("ink")).toBe(ink);
	});

	it("may be made asynchronously, with what the host lends", async () => {
		const seen: PluginHost[] = [];
		const setup = async (lent: PluginHost) => {
			seen.push(lent);
			return [brush("late")];
		};
		const decoders = await createDecoders([{ name: "late", apiVersion: 1, setup }], host, { textLength: 100 });
		expect(decoders.list()).toHaveLength(1);
		expect(seen).toEqual([
			{
				folder: process.cwd(),
				...host,
				log: expect.any(Function),
				connect: expect.any(Function),
				connectSocket: expect.any(Function),
				trace: expect.any(Function),
			},
		]);
	});

	it("share no id; the second plugin is named", async () => {
		const plugins = [pluginOf(brush("oil")), { ...pluginOf(brush("oil")), name: "other-brushes" }];
		await expect(createDecoders(plugins, host, { textLength: 100 })).rejects.toMatchObject({
			code: "CONFIG_INVALID",
			input: "other-brushes",
			message: expect.stringContaining("oil"),
		});
	});

	it("name those that there are when one is asked for that is not", async () => {
		const decoders = await decodersOf(brush("oil"), brush("ink"));
		const missing = { code: "DECODER_NOT_FOUND", input: "decoder", advice: expect.stringContaining("oil, ink") };
		expect(() => decoders.get("chalk")).toThrow(expect.objectContaining(missing));
		expect(() => decoders.checkSettings("chalk", {})).toThrow(expect.objectContaining(missing));
		await expect(decoders.decode("a cat", "chalk", {})).rejects.toMatchObject(missing);
	});

	it("are closed together, those too that have nothing to close", async () => {
		const closed: string[] = [];
		const close = async () => void closed.push("oil");
		const decoders = await decodersOf(brush("oil", { close }), brush("ink"));
		await decoders.close();
		expect(closed).toEqual(["oil"]);
	});
});

describe("a decoding", () => {
	it("is the picture with what it was drawn from", async () => {
		const decoders = await decodersOf(brush("oil"));
		const decoding = await decoders.decode("a cat", "oil", { seed: 77, width: 16, height: 8 });
		expect(decoding).toEqual({
			picture: expect.objectContaining({ mediaType: "image/png", width: 16, height: 8 }),
			decoder: "oil",
			seed: 77,
			effectivePrompt: "a cat",
			warnings: [],
			durationMs: expect.any(Number),
		});
		const { data } = await toPixels(decoding.picture as NonNullable<typeof decoding.picture>);
		expect(new Set(data)).toEqual(new Set([77]));
	});

	it("is the backend's own file where it gives one", async () => {
		const bytes = await plain([1, 2, 3]).webp().toBuffer();
		const generate: Decoder["generate"] = async (requests) =>
			requests.map((request) => ({ ...paint(request), status: "done", image: { kind: "encoded", bytes } }));
		const decoders = await decodersOf(brush("remote", { lane: "network", generate }));
		const { picture } = await decoders.decode("a cat", "remote", {});
		expect(picture).toMatchObject({ bytes, mediaType: "image/webp" });
	});

	it("warns of settings that the decoder does not honour, before the decoder's own warnings", async () => {
		const own = { type: "adjusted", setting: "steps", message: "Ten steps at least." } as const;
		const generate: Decoder["generate"] = async (requests) =>
			requests.map((request) => ({ ...paint(request), warnings: [own] }));
		const decoders = await decodersOf(brush("oil", { generate }));
		const { warnings } = await decoders.decode("a cat", "oil", { guidanceScale: 2 });
		expect(warnings).toEqual([expect.objectContaining({ type: "unsupported", setting: "guidanceScale" }), own]);
	});

	it("has a reason instead of a picture when the backend kept it back", async () => {
		const generate: Decoder["generate"] = async (requests) =>
			requests.map(({ seed }) => ({
				status: "filtered",
				reason: "Not safe.",
				seed,
				effectivePrompt: "a hat",
				warnings: [],
			}));
		const decoders = await decodersOf(brush("shy", { generate }));
		expect(await decoders.decode("a cat", "shy", { seed: 3, guidanceScale: 1 })).toEqual({
			decoder: "shy",
			seed: 3,
			effectivePrompt: "a hat",
			warnings: [expect.objectContaining({ setting: "guidanceScale" })],
			durationMs: expect.any(Number),
			filteredReason: "Not safe.",
		});
	});

	it.each([
		["", "TEXT_EMPTY"],
		[" \n\t", "TEXT_EMPTY"],
		["x".repeat(101), "TEXT_TOO_LONG"],
	])("is refused for the text %j", async (text, code) => {
		const decoders = await decodersOf(brush("oil"));
		await expect(decoders.decode(text, "oil", {})).rejects.toMatchObject({ code, input: "text" });
	});

	it("is refused for settings that the decoder cannot draw with, and never reaches it", async () => {
		const { generate, batches } = gatedPainting();
		const decoders = await decodersOf(brush("oil", { generate }));
		for (const settings of [{ width: 9 }, { steps: 0 }]) {
			await expect(decoders.decode("a cat", "oil", settings)).rejects.toMatchObject({ code: "SETTING_INVALID" });
		}
		await expect(decoders.decode("a cat", "oil", { scheduler: "heun" })).rejects.toMatchObject({
			code: "SCHEDULER_UNKNOWN",
		});
		expect(batches).toEqual([]);
	});

	it("fails with what the decoder throws, and the next one works", async () => {
		const failures: unknown[] = [new DeDiffusionError("BACKEND_TIMEOUT", "Too slow."), "a word"];
		const generate: Decoder["generate"] = async (requests) => {
			if (failures.length > 0) throw failures.shift();
			return requests.map(paint);
		};
		const decoders = await decodersOf(brush("moody", { generate }));
		const [first, second] = await Promise.allSettled([
			decoders.decode("a cat", "moody", {}),
			decoders.decode("a dog", "moody", {}),
		]);
		expect([first, second]).toMatchObject([
			{ reason: { code: "BACKEND_TIMEOUT" } },
			{ reason: { code: "BACKEND_TIMEOUT" } },
		]);
		await expect(decoders.decode("a cat", "moody", {})).rejects.toThrow("a word");
		expect(await decoders.decode("a cat", "moody", {})).toHaveProperty("picture");
	});

	it.each([0, 1, 3])("is refused when two requests got %i results", async (count) => {
		const generate: Decoder["generate"] = async ([request]) =>
			Array.from({ length: count }, () => paint(request as NonNullable<typeof request>));
		const decoders = await decodersOf(brush("miscounting", { generate }));
		const both = await Promise.allSettled(["a cat", "a dog"].map((text) => decoders.decode(text, "miscounting", {})));
		for (const result of both) {
			expect(result).toMatchObject({
				status: "rejected",
				reason: { code: "BACKEND_PROTOCOL", message: expect.stringContaining(`${count} results for 2`) },
			});
		}
	});

	it("is refused when the decoder's file is no picture, and others of its batch are not", async () => {
		const junk = Buffer.from("<html>");
		const generate: Decoder["generate"] = async (requests) =>
			requests.map((request, index) =>
				index === 0 ? { ...paint(request), status: "done", image: { kind: "encoded", bytes: junk } } : paint(request),
			);
		const decoders = await decodersOf(brush("remote", { generate }));
		const [bad, good] = await Promise.allSettled(["a cat", "a dog"].map((text) => decoders.decode(text, "remote", {})));
		expect(bad).toMatchObject({ reason: { code: "BACKEND_PROTOCOL" } });
		expect(good).toMatchObject({ status: "fulfilled" });
	});
});

describe("decodings of one moment", () => {
	it("are drawn as one batch, and each gets its own picture", async () => {
		const { generate, batches, release } = gatedPainting();
		release();
		const decoders = await decodersOf(brush("oil", { generate }));
		const decodings = await Promise.all([3, 1, 2].map((seed) => decoders.decode(`cat ${seed}`, "oil", { seed })));
		expect(promptsOf(batches)).toEqual([["cat 3", "cat 1", "cat 2"]]);
		expect(decodings.map(({ seed, effectivePrompt }) => [seed, effectivePrompt])).toEqual([
			[3, "cat 3"],
			[1, "cat 1"],
			[2, "cat 2"],
		]);
		expect(new Set(decodings.map(({ picture }) => picture?.id)).size).toBe(3);
	});

	it("are cut into batches of the size that the decoder takes", async () => {
		const { generate, batches, release } = gatedPainting();
		release();
		const decoders = await decodersOf(brush("oil", { generate, capabilities: { maxBatch: 2 } }));
		await Promise.all(["a", "b", "c", "d", "e"].map((text) => decoders.decode(text, "oil", {})));
		expect(promptsOf(batches)).toEqual([["a", "b"], ["c", "d"], ["e"]]);
	});

	it("that come while the decoder draws are its next batch", async () => {
		const { generate, batches, begun, release } = gatedPainting();
		const decoders = await decodersOf(brush("oil", { generate }));
		const first = decoders.decode("first", "oil", {});
		await begun;
		const waiting = ["a", "b", "c"].map((text) => decoders.decode(text, "oil", {}));
		release();
		await Promise.all([first, ...waiting]);
		expect(promptsOf(batches)).toEqual([["first"], ["a", "b", "c"]]);
	});

	it("take turns where their decoders share a device", async () => {
		const log: string[] = [];
		const logged = (name: string): Decoder["generate"] => {
			return async (requests) => {
				log.push(`${name} begins`);
				// Long enough for the other one to begin, if it may.
				await new Promise(setImmediate);
				log.push(`${name} ends`);
				return requests.map(paint);
			};
		};
		const decoders = await decodersOf(
			brush("oil", { generate: logged("oil") }),
			brush("ink", { generate: logged("ink") }),
		);
		await Promise.all(["oil", "ink", "oil"].map((id) => decoders.decode("a cat", id, {})));
		expect(log).toEqual(["oil begins", "oil ends", "ink begins", "ink ends"]);
	});

	it("run beside each other where one is drawn elsewhere", async () => {
		const slow = gatedPainting();
		const decoders = await decodersOf(
			brush("local", { generate: slow.generate }),
			brush("remote", { lane: "network" }),
		);
		const local = decoders.decode("a cat", "local", {});
		await slow.begun;
		expect(await decoders.decode("a cat", "remote", {})).toHaveProperty("picture");
		slow.release();
		expect(await local).toHaveProperty("picture");
	});

	it("never wait for each other where all are drawn elsewhere", async () => {
		const slow = gatedPainting();
		const generate: Decoder["generate"] = async (requests, context) =>
			requests[0]?.prompt === "slow" ? slow.generate(requests, context) : requests.map(paint);
		const decoders = await decodersOf(brush("remote", { lane: "network", generate }));
		const first = decoders.decode("slow", "remote", {});
		await slow.begun;
		expect(await decoders.decode("quick", "remote", {})).toHaveProperty("picture");
		slow.release();
		await first;
	});
});

describe("a decoding that is watched", () => {
	it("tells its own progress and that of its whole batch", async () => {
		const generate: Decoder["generate"] = async (requests, { onProgress }) => {
			onProgress({ fraction: 0.1, message: "all" });
			onProgress({ fraction: 0.5, request: 1, message: "second" });
			return requests.map(paint);
		};
		const decoders = await decodersOf(brush("oil", { generate }));
		const seen: [DecodeProgress[], DecodeProgress[]] = [[], []];
		await Promise.all([
			...seen.map((list) => decoders.decode("a cat", "oil", {}, { onProgress: (progress) => list.push(progress) })),
			decoders.decode("unwatched", "oil", {}),
		]);
		expect(seen.map((list) => list.map(({ message }) => message))).toEqual([["all"], ["all", "second"]]);
	});
});

describe("a batch", () => {
	const abortable = () => {
		const controller = new AbortController();
		return { options: { signal: controller.signal }, giveUp: () => controller.abort() };
	};

	it("is given up when nobody waits for it any more, and not before", async () => {
		const painting = gatedPainting();
		const decoders = await decodersOf(brush("oil", { generate: painting.generate }));
		const [one, other] = [abortable(), abortable()];
		const both = [one, other].map(({ options }) => decoders.decode("a cat", "oil", {}, options));
		await painting.begun;
		const signal = painting.contexts[0]?.signal as AbortSignal;
		one.giveUp();
		expect(signal.aborted).toBe(false);
		other.giveUp();
		expect(signal.aborted).toBe(true);
		painting.release();
		await Promise.allSettled(both);
	});

	it("is never given up while somebody waits who cannot give up", async () => {
		const painting = gatedPainting();
		const decoders = await decodersOf(brush("oil", { generate: painting.generate }));
		const one = abortable();
		const both = [decoders.decode("a cat", "oil", {}, one.options), decoders.decode("a dog", "oil", {})];
		await painting.begun;
		one.giveUp();
		expect(painting.contexts[0]?.signal.aborted).toBe(false);
		painting.release();
		await Promise.all(both);
	});

	it("is not begun when all gave up while they waited for the lane", async () => {
		const painting = gatedPainting();
		const decoders = await decodersOf(
			brush("oil", { generate: painting.generate }),
			brush("ink", { generate: painting.generate }),
		);
		const first = decoders.decode("first", "oil", {});
		await painting.begun;
		const { options, giveUp } = abortable();
		const waiting = ["oil", "ink"].map((id) => decoders.decode("waiting", id, {}, options));
		giveUp();
		painting.release();
		for (const result of await Promise.allSettled(waiting)) {
			expect(result).toMatchObject({ reason: { code: "ABORTED" } });
		}
		await first;
		expect(promptsOf(painting.batches)).toEqual([["first"]]);
	});
});

it("a text is measured under the name that its caller gave it", () => {
	expect(() => checkText("", 5, "sources[0].text")).toThrow(expect.objectContaining({ input: "sources[0].text" }));
	expect(() => checkText("123456", 5)).toThrow(expect.objectContaining({ code: "TEXT_TOO_LONG", input: "text" }));
	expect(() => checkText("12345", 5)).not.toThrow();
});
