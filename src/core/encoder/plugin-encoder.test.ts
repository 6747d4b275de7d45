import { afterEach, describe, expect, it } from "vitest";
import { caption, captioner } from "../../../test/captioner.ts";
import { createTestClock, type TestClock } from "../../../test/clock.ts";
import { plainPicture } from "../../../test/pictures.ts";
import { DeDiffusionError, type EncodeRequest, type Encoder, type Inference } from "../../plugins/index.ts";
import { type Plugged, setUpPlugins } from "../calling/plugins.ts";
import { prefix } from "../text/text.ts";
import { openEncoders } from "./encoders.ts";
import { textOf } from "./plugin-encoder.ts";

const inference: Inference = { open: () => Promise.reject(new Error("No graph is needed here.")) };
const logged: string[] = [];
let plugged: Plugged | undefined;
let clock: TestClock;

afterEach(() => plugged?.close());

async function open(encoders: readonly Encoder[], entries: Parameters<typeof openEncoders>[0] = []) {
	clock = createTestClock();
	const plugin = { name: "captions", apiVersion: 1, setup: () => ({ encoders }) } as const;
	plugged = await setUpPlugins([plugin], { inference, log: (_, line) => void logged.push(line) }, { clock });
	return openEncoders(entries, inference, { plugged });
}

const red = await plainPicture([200, 10, 10]);
const blue = await plainPicture([10, 10, 200]);

describe("a plugin's encoder", () => {
	it("says what it sees, word by word, and knows no more of the words", async () => {
		const encoders = await open([captioner("captions")]);
		const text = await encoders.get("captions").encode(red);
		expect(text).toMatchObject({ text: "a picture that is mostly red", encoder: "captions", warnings: [] });
		expect(text.tokens).toEqual(["a", "picture", "that", "is", "mostly", "red"].map((word) => ({ text: word })));
		expect(prefix(text, 2)).toMatchObject({ text: "a picture", tokens: [{ text: "a" }, { text: "picture" }] });
	});

	it("is cut to a length, and may be shorter than that", async () => {
		const encoders = await open([captioner("captions")]);
		const { encode } = encoders.get("captions");
		expect((await encode(red, { length: 3 })).text).toBe("a picture that");
		expect((await encode(red, { length: 60 })).tokens).toHaveLength(6);
		await expect(encode(red, { length: 0 })).rejects.toMatchObject({ code: "INPUT_INVALID", input: "length" });
	});

	it("is asked for no more than its longest text", async () => {
		const encoders = await open([captioner("captions", { capabilities: { maxTokens: 6 } })]);
		expect(encoders.list()).toMatchObject([{ id: "captions", tokens: 6, limits: { concurrency: 4, retries: 2 } }]);
		await expect(encoders.get().encode(red, { length: 7 })).rejects.toMatchObject({ code: "INPUT_INVALID" });
	});

	it("is told length and seed only where it honours them; a seed that it ignores is warned of", async () => {
		const asked: EncodeRequest[] = [];
		const encode: Encoder["encode"] = (requests) => {
			asked.push(...requests);
			return Promise.all(requests.map(caption));
		};
		const lucky = captioner("lucky", { encode, capabilities: { settings: ["seed", "length"] } });
		const encoders = await open([lucky, captioner("plain", { encode })]);
		expect((await encoders.get("lucky").encode(red, { seed: 7, length: 2 })).warnings).toEqual([]);
		expect((await encoders.get("lucky").encode(red)).warnings).toEqual([]);
		expect((await encoders.get("plain").encode(red, { seed: 7, length: 2 })).warnings).toMatchObject([
			{ type: "unsupported", setting: "seed" },
		]);
		expect(asked.map(({ seed, length }) => [seed, length])).toEqual([
			[7, 2],
			[0, undefined],
			[0, undefined],
		]);
		await expect(encoders.get("lucky").encode(red, { seed: 0.5 })).rejects.toMatchObject({ code: "SETTING_INVALID" });
	});

	it("gets what waits at the same time as one batch", async () => {
		const sizes: number[] = [];
		const encode: Encoder["encode"] = (requests) => {
			sizes.push(requests.length);
			return Promise.all(requests.map(caption));
		};
		const encoders = await open([captioner("captions", { encode })]);
		const texts = await Promise.all([red, blue, red].map((picture) => encoders.get().encode(picture)));
		expect(texts.map(({ text }) => text.split(" ").at(-1))).toEqual(["red", "blue", "red"]);
		expect(sizes).toEqual([3]);
	});

	it("is asked again where that helps, as its limits and the configuration say", async () => {
		let failures = 2;
		const encode: Encoder["encode"] = async (requests) => {
			if (failures-- > 0) throw new DeDiffusionError("BACKEND_UNAVAILABLE", "Not now.");
			return Promise.all(requests.map(caption));
		};
		const encoders = await open([captioner("captions", { encode })]);
		expect((await encoders.get().encode(red)).text).toContain("red");
		expect(clock.slept).toEqual([500, 1000]);
		failures = 2;
		const limited = await open([captioner("captions", { encode })], [{ id: "captions", retries: 0 }]);
		await expect(limited.get().encode(red)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
	});

	it("may keep a text back, which is an error with a reason", async () => {
		const encode: Encoder["encode"] = async (requests) =>
			requests.map(() => ({ status: "filtered", reason: "a person", warnings: [] }));
		const encoders = await open([captioner("shy", { encode })]);
		await expect(encoders.get().encode(red)).rejects.toMatchObject({
			code: "CONTENT_FILTERED",
			message: expect.stringContaining("a person"),
		});
	});

	it.each([
		["no text", [{ status: "done", text: " ", warnings: [] }]],
		["no result", []],
		["tokens of another text", [{ status: "done", text: "a cat", tokens: [{ text: "dog" }], warnings: [] }]],
	] as const)("that gives %s is not understood", async (_, results) => {
		const encoders = await open([captioner("odd", { encode: async () => results })]);
		await expect(encoders.get().encode(red)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});

	it("keeps its own tokens, each with its place in the text", () => {
		const tokens = [{ text: "a" }, { text: " hou", id: 3 }, { text: "se", score: 0.5 }, { text: " a" }];
		const text = textOf("a house, a", tokens, "pieces", []);
		expect(prefix(text, 2)).toMatchObject({ text: "a hou", tokens: [{ text: "a" }, { text: "hou", id: 3 }] });
		expect(prefix(text, 3).text).toBe("a house");
		expect(prefix(text, 4).text).toBe("a house, a");
	});
});

describe("the list of encoders", () => {
	it("begins with those that the configuration lists", async () => {
		const encoders = await open([captioner("one"), captioner("two")], [{ id: "two", timeoutMs: 7 }]);
		expect(encoders.list().map(({ id, limits }) => [id, limits?.timeoutMs])).toEqual([
			["two", 7],
			["one", 120_000],
		]);
	});

	it("has none that nobody gives, and none twice", async () => {
		const missing = open([captioner("one")], [{ id: "three" }]);
		await expect(missing).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("three") });
		const double = open([captioner("one")], [{ id: "one", folder: "somewhere" }]);
		await expect(double).rejects.toMatchObject({ code: "CONFIG_INVALID" });
		await expect(open([captioner("one"), captioner("one")])).rejects.toMatchObject({ input: "captions" });
	});
});

it("a plugin that gives what this release does not know is refused by name", async () => {
	const plugin = { name: "future", apiVersion: 1, setup: () => ({ painters: [] }) } as never;
	await expect(setUpPlugins([plugin], { inference, log: () => undefined })).rejects.toMatchObject({
		code: "CONFIG_INVALID",
		input: "future",
		message: expect.stringContaining("painters"),
	});
});
