import type { DecodeRequest, Decoder } from "dediffusion/plugin";
import { checkDecoder, pictureOf, testHost } from "dediffusion/plugin/testing";
import { afterEach, describe, expect, it } from "vitest";
import { openInference } from "./index.ts";
import { type ModelServer, type ModelServerOptions, startModelServer, type Tensor } from "./testing/server.ts";

type Options = Parameters<typeof openInference>[0];

const host = testHost();
const servers: ModelServer[] = [];

afterEach(() => {
	for (const server of servers.splice(0)) server.close();
	delete process.env.INFERENCE_TEST_TOKEN;
});

async function serve(options: Partial<ModelServerOptions> = {}): Promise<ModelServer> {
	const server = await startModelServer({ inputs, output: output("UINT8", -1, -1, -1, 3), ...options });
	servers.push(server);
	return server;
}

const input = (name: string, datatype: string, ...shape: readonly number[]) => ({ name, datatype, shape });
const output = (datatype: string, ...shape: readonly number[]) => ({ name: "IMAGE", datatype, shape });

/** Every setting there is, as models in the wild have them. */
const inputs = [
	input("PROMPT", "BYTES", -1, 1),
	input("NEGATIVE", "BYTES", -1, 1),
	input("SEED", "INT64", -1, 1),
	input("STEPS", "INT32", -1, 1),
	input("GUIDANCE", "FP32", -1, 1),
	input("WIDTH", "UINT32", -1, 1),
	input("HEIGHT", "UINT32", -1, 1),
	input("SCHEDULER", "BYTES", -1, 1),
];

const everything = {
	inputs: {
		prompt: "PROMPT",
		negativePrompt: "NEGATIVE",
		seed: "SEED",
		steps: "STEPS",
		guidanceScale: "GUIDANCE",
		width: "WIDTH",
		height: "HEIGHT",
		scheduler: "SCHEDULER",
	},
	schedulers: ["ddim", "euler"],
	defaults: { steps: 25, guidanceScale: 7.5, width: 16, height: 16, scheduler: "ddim" },
	size: { min: 8, max: 64, multipleOf: 8 },
};

/** The text alone; the model draws one size. */
const plain = { inputs: { prompt: "PROMPT" }, defaults: { width: 16, height: 16 } };
const prompt = [input("PROMPT", "BYTES", 1)];

async function open(url: string, options: Partial<Options> = {}): Promise<Decoder> {
	const shared = { model: "painter", output: "IMAGE", ...everything };
	const [decoder] = await openInference({ ...shared, ...options, url }).setup(host);
	return decoder as Decoder;
}

const draw = (decoder: Decoder, ...requests: Partial<DecodeRequest>[]) =>
	decoder.generate(
		requests.map((request) => ({ prompt: "a red apple", seed: 5, ...request })),
		{ signal: new AbortController().signal, onProgress: () => undefined },
	);

const models: readonly [name: string, server: Partial<ModelServerOptions>, options: Partial<Options>][] = [
	["pixels in binary", {}, {}],
	["pixels in batches", {}, { maxBatch: 4 }],
	["pixels in JSON", { extensions: [] }, { maxBatch: 2 }],
	["planes of FP32", { output: output("FP32", -1, 3, -1, -1) }, { maxBatch: 2 }],
	["planes of FP32 in JSON", { output: output("FP32", -1, 3, -1, -1) }, { tensors: "json" }],
	["planes of FP16", { output: output("FP16", -1, 3, -1, -1) }, {}],
	["files", { output: output("BYTES", -1, 1) }, { maxBatch: 2 }],
	["files in JSON", { output: output("BYTES", -1, 1), extensions: [] }, { maxBatch: 2 }],
	["pictures of unlike texts in a batch", { inputs: [input("PROMPT", "BYTES", -1)] }, { ...plain, maxBatch: 2 }],
	["one picture without a batch", { inputs: prompt, output: output("UINT8", 16, 16, 3) }, plain],
];

it.each(models)("keeps to the contract of the SDK where the model gives %s", async (_, server, options) => {
	const { url } = await serve(server);
	const refusing = await serve({ ...server, answer: refuseWith(401, "Unauthorized") });
	await checkDecoder(await open(url, options), {
		failing: [{ decoder: await open(refusing.url, options), code: "BACKEND_AUTH" }],
	});
});

const refuseWith =
	(status: number, error: string, path = /./): NonNullable<ModelServerOptions["answer"]> =>
	(asked, response) => {
		if (!path.test(asked.path)) return false;
		response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
		return true;
	};

describe("a request", () => {
	it.each([
		["in binary", {}],
		["in JSON", { tensors: "json" as const }],
	])("holds every setting, row by row, %s", async (_, options) => {
		const { url, runs } = await serve();
		const decoder = await open(url, { ...options, maxBatch: 2 });
		const given = {
			prompt: "ein roter Apfel, groß",
			negativePrompt: "grün",
			seed: 2 ** 32 - 1,
			steps: 7,
			guidanceScale: 1.5,
		};
		await draw(
			decoder,
			{ ...given, width: 24, height: 8, scheduler: "euler" },
			{ prompt: "a cat", width: 24, height: 8 },
		);
		expect(runs).toEqual([
			[
				{ name: "PROMPT", datatype: "BYTES", shape: [2, 1], values: ["ein roter Apfel, groß", "a cat"] },
				{ name: "NEGATIVE", datatype: "BYTES", shape: [2, 1], values: ["grün", ""] },
				{ name: "SEED", datatype: "INT64", shape: [2, 1], values: [2 ** 32 - 1, 5] },
				{ name: "STEPS", datatype: "INT32", shape: [2, 1], values: [7, 25] },
				{ name: "GUIDANCE", datatype: "FP32", shape: [2, 1], values: [1.5, 7.5] },
				{ name: "WIDTH", datatype: "UINT32", shape: [2, 1], values: [24, 24] },
				{ name: "HEIGHT", datatype: "UINT32", shape: [2, 1], values: [8, 8] },
				{ name: "SCHEDULER", datatype: "BYTES", shape: [2, 1], values: ["euler", "ddim"] },
			],
		]);
	});

	it("says where its JSON ends", async () => {
		const { url, asked } = await serve({ inputs: prompt });
		await draw(await open(url, plain), {});
		const { headers, body } = asked.at(-1) ?? {};
		const end = Number(headers?.["inference-header-content-length"]);
		expect(headers?.["content-type"]).toBe("application/octet-stream");
		expect(JSON.parse(body?.toString("utf8", 0, end) ?? "")).toEqual({
			inputs: [{ name: "PROMPT", datatype: "BYTES", shape: [1], parameters: { binary_data_size: 15 } }],
			outputs: [{ name: "IMAGE", parameters: { binary_data: true } }],
		});
		expect(body?.subarray(end)).toEqual(Buffer.from("\x0b\x00\x00\x00a red apple"));
	});

	it("goes to the version that was asked for, with the token", async () => {
		process.env.INFERENCE_TEST_TOKEN = "token-of-the-test";
		const { url, asked } = await serve();
		await draw(await open(`${url}/`, { version: "3", tokenVariable: "INFERENCE_TEST_TOKEN" }), {});
		expect(asked.map(({ path }) => path)).toEqual([
			"/v2/models/painter/versions/3",
			"/v2",
			"/v2/models/painter/versions/3/infer",
		]);
		expect(asked.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill("Bearer token-of-the-test"));
	});

	it("holds constants, and leaves out what the model does without", async () => {
		const constants = [input("ETA", "FP32", -1, 1), input("TILED", "BOOL", -1, 1), input("LORA", "BYTES", -1, 1)];
		const mask = input("MASK", "FP32", -1, 1);
		const { url, runs } = await serve({ inputs: [...inputs, ...constants] });
		const decoder = await open(url, { constants: { ETA: 0.5, TILED: true, LORA: "none" }, maxBatch: 2 });
		await draw(decoder, {}, {});
		expect(runs[0]?.slice(-3)).toMatchObject([
			{ values: [0.5, 0.5] },
			{ values: [1, 1] },
			{ values: ["none", "none"] },
		]);

		const withMask: NonNullable<ModelServerOptions["answer"]> = ({ method, path }, response) => {
			if (method !== "GET" || path !== "/v2/models/painter") return false;
			response.end(JSON.stringify({ inputs: [...inputs, mask], outputs: [output("UINT8", -1, -1, -1, 3)] }));
			return true;
		};
		const other = await serve({ answer: withMask });
		await expect(draw(await open(other.url), {})).rejects.toMatchObject({
			message: expect.stringContaining("MASK (FP32)"),
		});
		expect(await draw(await open(other.url, { optionalInputs: ["MASK"] }), {})).toMatchObject([{ status: "done" }]);
	});

	it("keeps seeds apart where the model has signed numbers of 32 bits", async () => {
		const signed = inputs.map((one) => (one.name === "SEED" ? input("SEED", "INT32", -1, 1) : one));
		const { url, runs } = await serve({ inputs: signed });
		await draw(await open(url, { maxBatch: 2 }), { seed: 2 ** 32 - 1 }, { seed: 2 ** 31 - 1 });
		expect(runs[0]?.find(({ name }) => name === "SEED")?.values).toEqual([-1, 2 ** 31 - 1]);
	});

	it("asks the server about the model once, and again where the model has changed", async () => {
		const { url, asked } = await serve();
		const decoder = await open(url);
		await draw(decoder, {});
		await draw(decoder, {});
		const describes = () => asked.filter(({ path }) => path === "/v2/models/painter").length;
		expect(describes()).toBe(1);
		const changing = await serve({ run: () => Promise.reject(new Error("unexpected shape for input 'PROMPT'")) });
		const stale = await open(changing.url);
		for (const times of [1, 2]) {
			await expect(draw(stale, {})).rejects.toMatchObject({ code: "BACKEND_INVALID_REQUEST" });
			expect(changing.asked.filter(({ path }) => path === "/v2/models/painter")).toHaveLength(times);
		}
	});
});

it("says when the model draws another size than it was asked for", async () => {
	const { url } = await serve({
		run: (_, { shape: _shape, ...image }) => ({ ...image, shape: [1, 8, 16, 3], values: Array(8 * 16 * 3).fill(0) }),
	});
	const [result] = await draw(await open(url), { width: 16, height: 16 });
	expect(result?.warnings).toEqual([
		{ type: "adjusted", setting: "height", message: "The model drew a height of 8 pixels instead of 16." },
	]);
});

it("takes only such requests together as one tensor can hold", async () => {
	expect((await open("http://127.0.0.1:9")).capabilities.batches).toBe("alike");
	expect((await open("http://127.0.0.1:9", plain)).capabilities.batches).toBe("mixed");
});

describe("options that do not fit the model", () => {
	it.each<[string, Partial<Options>, RegExp]>([
		[
			"inputs.prompt",
			{ inputs: { ...everything.inputs, prompt: "TEXT" } },
			/no tensor TEXT there, it has PROMPT, NEGATIVE/,
		],
		[
			"inputs.seed",
			{ inputs: { ...everything.inputs, negativePrompt: undefined, seed: "NEGATIVE" } },
			/NEGATIVE is of BYTES/,
		],
		[
			"inputs.steps",
			{ inputs: { ...everything.inputs, scheduler: undefined, steps: "SCHEDULER" } },
			/SCHEDULER is of BYTES/,
		],
		["inputs", { inputs: { prompt: "PROMPT" } }, /nothing is configured for the model's input NEGATIVE/],
		["constants.ETA", { constants: { ETA: 1 } }, /no tensor ETA there/],
		["output", { output: "IMG" }, /no tensor IMG there, it has IMAGE/],
	])("are named: %s", async (option, options, message) => {
		const { url, runs } = await serve();
		const decoder = await open(url, options);
		const failure = { code: "BACKEND_INVALID_REQUEST", input: option, message: expect.stringMatching(message) };
		await expect(draw(decoder, {})).rejects.toMatchObject(failure);
		await expect(decoder.health?.(new AbortController().signal)).rejects.toMatchObject(failure);
		expect(runs).toHaveLength(0);
	});

	it.each<[string, Partial<ModelServerOptions>, Partial<Options>]>([
		["maxBatch", { inputs: prompt }, { ...plain, maxBatch: 2 }],
		["inputs.prompt", { inputs: [input("PROMPT", "BYTES", -1, 77)] }, plain],
		["inputs.prompt", { inputs: [input("PROMPT", "INT64", 1)] }, plain],
		["inputs.prompt", { inputs: [input("PROMPT", "TEXT", 1)] }, plain],
		[
			"constants.STEPS",
			{ inputs: [...prompt, input("STEPS", "INT32", 1)] },
			{ ...plain, constants: { STEPS: "many" } },
		],
		["output", { inputs: prompt, output: output("BF16", 3, 16, 16) }, plain],
		["tensors", { inputs: prompt, output: output("FP16", 3, 16, 16), extensions: [] }, plain],
	])("are told from the model's tensors: %s (%j)", async (option, server, options) => {
		const { url } = await serve(server);
		await expect(draw(await open(url, options), {})).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			input: option,
		});
	});

	it("cannot be held against a model that nobody declared", async () => {
		const undeclared = { name: "painter", platform: "", inputs: null };
		const { url } = await serve({
			answer: ({ path }, response) => path.endsWith("painter") && Boolean(response.end(JSON.stringify(undeclared))),
		});
		await expect(draw(await open(url), {})).rejects.toMatchObject({
			code: "BACKEND_INVALID_REQUEST",
			advice: expect.stringContaining("Declare"),
		});
	});

	it.each<[Partial<Options>, RegExp]>([
		[{ defaults: { width: 16, height: 16 } }, /defaults\.steps/],
		[{ defaults: { ...everything.defaults, width: 20 } }, /defaults\.width/],
		[{ defaults: { ...everything.defaults, scheduler: "x" } }, /schedulers/],
		[{ constants: { STEPS: 3 } }, /STEPS is named for two things/],
		[{ schedulers: [] }, /schedulers/],
		[{ range: [1, 1] }, /range/],
		[{ url: "file:///models" }, /url/],
	])("are refused at once where no model could have them: %j", async (options, message) => {
		const all = { url: "http://127.0.0.1:9", model: "painter", output: "IMAGE", ...everything, ...options };
		expect(() => openInference(all)).toThrow(message);
	});
});

describe("a model that is", () => {
	const health = async (answer: NonNullable<ModelServerOptions["answer"]>) => {
		const { url } = await serve({ answer });
		await (await open(url)).health?.(new AbortController().signal);
	};
	const ready = (body: object): NonNullable<ModelServerOptions["answer"]> => {
		return ({ path }, response) => path.endsWith("/ready") && Boolean(response.end(JSON.stringify(body)));
	};

	it("ready is healthy, with a body or without", async () => {
		await expect(health(() => false)).resolves.toBeUndefined();
		await expect(health(ready({ name: "painter", ready: true }))).resolves.toBeUndefined();
	});

	it.each([
		["loading", ready({ name: "painter", ready: false }), "BACKEND_UNAVAILABLE"],
		["loading, in Triton's words", refuseWith(400, "", /ready$/), "BACKEND_UNAVAILABLE"],
		["unknown", refuseWith(404, "unknown model", /ready$/), "BACKEND_INVALID_REQUEST"],
		["down", refuseWith(503, "no healthy upstream"), "BACKEND_UNAVAILABLE"],
	])("%s is not", async (_, answer, code) => {
		await expect(health(answer)).rejects.toMatchObject({ code });
	});
});

it("speaks JSON where a gateway lets only models through", async () => {
	const { url, asked } = await serve({
		answer: (asked, response) => asked.path === "/v2" && refuseWith(404, "")(asked, response),
	});
	expect(await draw(await open(url), {})).toMatchObject([{ status: "done" }]);
	expect(asked.at(-1)?.headers["content-type"]).toBe("application/json");
});

const file = await pictureOf(8, 8);

/** 2 by 1 pixels: red and blue, and what they become where black is -1. */
const pair = { planar: [1, 0, 0, 0, 0, 1], interleaved: [255, 0, 0, 0, 0, 255] };

describe("pictures", () => {
	const answered = async (tensor: Omit<Tensor, "name">, options: Partial<Options> = {}) => {
		const { url } = await serve({ inputs: prompt, run: () => ({ name: "IMAGE", ...tensor }) });
		return draw(await open(url, { ...plain, ...options }), {});
	};
	const pixels = (data: readonly number[]) => ({
		image: { kind: "pixels", width: 2, height: 1, data: Uint8Array.from(data) },
	});

	it.each<[string, Omit<Tensor, "name">, Partial<Options>]>([
		["interleaved", { datatype: "UINT8", shape: [1, 1, 2, 3], values: pair.interleaved }, {}],
		["without a batch", { datatype: "UINT8", shape: [1, 2, 3], values: pair.interleaved }, {}],
		["planar", { datatype: "FP32", shape: [1, 3, 1, 2], values: pair.planar }, {}],
		["planar in JSON", { datatype: "FP32", shape: [3, 1, 2], values: pair.planar }, { tensors: "json" }],
		[
			"nested in JSON",
			{ datatype: "FP32", shape: [3, 1, 2], values: [[[1, 0]], [[0, 0]], [[0, 1]]] },
			{ tensors: "json" },
		],
		["beyond white and black", { datatype: "FP32", shape: [3, 1, 2], values: [1.5, -3, 0, 0, 0, 7] }, {}],
		[
			"between -1 and 1",
			{ datatype: "FP32", shape: [3, 1, 2], values: pair.planar.map((v) => v * 2 - 1) },
			{ range: [-1, 1] },
		],
	])("may be %s", async (_, tensor, options) => {
		expect(await answered(tensor, options)).toMatchObject([pixels(pair.interleaved)]);
	});

	it("are read as configured where either order is possible", async () => {
		const tensor = { datatype: "UINT8", shape: [3, 3, 3], values: Array.from({ length: 27 }, (_, index) => index) };
		const first = async (options: Partial<Options>) => {
			const [result] = await answered(tensor, options);
			return result?.status === "done" && result.image.kind === "pixels" ? [...result.image.data.subarray(0, 3)] : [];
		};
		expect(await first({})).toEqual([0, 1, 2]);
		expect(await first({ layout: "chw" })).toEqual([0, 9, 18]);
	});

	it.each([["as it is"], ["in base64"]])("may be a file, %s", async (form) => {
		const values = [form === "as it is" ? file : file.toString("base64")];
		const [result] = await answered({ datatype: "BYTES", shape: [1], values });
		const bytes = result?.status === "done" && result.image.kind === "encoded" ? result.image.bytes : [];
		expect(Buffer.from(bytes)).toEqual(file);
	});
});

describe("an answer", () => {
	const paintedBy = async (run: ModelServerOptions["run"], options: Partial<Options> = {}) => {
		const { url } = await serve({ inputs: [input("PROMPT", "BYTES", -1)], ...(run && { run }) });
		return draw(await open(url, { ...plain, maxBatch: 2, ...options }), {}, {});
	};
	const tensor = (datatype: string, shape: readonly number[], values: readonly unknown[]) => () => ({
		...{ name: "IMAGE", datatype, shape, values },
	});

	it.each([
		["fewer pictures than were asked for", tensor("UINT8", [1, 1, 1, 3], [1, 2, 3])],
		["more pictures", tensor("UINT8", [3, 1, 1, 3], Array(9).fill(1))],
		["one picture without a batch", tensor("UINT8", [1, 1, 3], [1, 2, 3])],
		["fewer files", tensor("BYTES", [1], [file])],
		["files that are empty", tensor("BYTES", [2], ["", ""])],
		["four channels", tensor("UINT8", [2, 1, 1, 4], Array(8).fill(1))],
		["pictures without pixels", tensor("UINT8", [2, 0, 1, 3], [])],
		["one dimension", tensor("UINT8", [6], Array(6).fill(1))],
		["less data than its shape says", tensor("UINT8", [2, 1, 1, 3], [1, 2, 3])],
		["more data than its shape says", tensor("UINT8", [2, 1, 1, 3], Array(7).fill(1))],
		["values that are no numbers", tensor("FP32", [2, 1, 1, 3], Array(6).fill(Number.NaN))],
		["a type that there is not", tensor("COLOUR", [2], [])],
		["another output", () => ({ ...tensor("BYTES", [2], [file, file])(), name: "MASK" })],
	])("with %s is not understood", async (_, run) => {
		await expect(paintedBy(run)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL", retryable: false });
	});

	it.each([
		["texts for numbers", tensor("UINT8", [2, 1, 1, 3], Array(6).fill("1"))],
		["nothing for numbers", tensor("FP32", [2, 1, 1, 3], Array(6).fill(null))],
		["numbers for texts", tensor("BYTES", [2], [1, 2])],
		["no base64", tensor("BYTES", [2], ["<png>", "<png>"])],
	])("in JSON with %s is not understood", async (_, run) => {
		await expect(paintedBy(run, { tensors: "json" })).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});

	const header = "inference-header-content-length";
	const binary = (size: number) =>
		JSON.stringify({
			outputs: [{ name: "IMAGE", datatype: "UINT8", shape: [1, 1, 3], parameters: { binary_data_size: size } }],
		});
	it.each([
		["HTML", {}, "<!doctype html>"],
		["no outputs", {}, '{"outputs":"none"}'],
		["an output without data", {}, '{"outputs":[{"name":"IMAGE","datatype":"UINT8","shape":[1,1,3]}]}'],
		["a negative size", {}, '{"outputs":[{"name":"IMAGE","datatype":"UINT8","shape":[1,-1,3]}]}'],
		["fewer bytes than announced", { [header]: String(binary(3).length) }, `${binary(3)}ab`],
		["more bytes than announced", { [header]: String(binary(3).length) }, `${binary(3)}abcd`],
		["no bytes at all", { [header]: String(binary(3).length) }, binary(3)],
		["JSON that ends elsewhere", { [header]: "7" }, `${binary(3)}abc`],
		["JSON longer than itself", { [header]: "4000" }, `${binary(3)}abc`],
		["JSON of no length", { [header]: "some" }, `${binary(3)}abc`],
	])("that is %s is not understood", async (_, headers, body) => {
		const { url } = await serve({
			inputs: prompt,
			answer: ({ path }, response) => path.endsWith("/infer") && Boolean(response.writeHead(200, headers).end(body)),
		});
		await expect(draw(await open(url, plain), {})).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			retryable: false,
		});
	});

	it("that breaks off may succeed when it is asked again", async () => {
		const { url } = await serve({
			inputs: prompt,
			answer({ path }, response) {
				if (!path.endsWith("/infer")) return false;
				response.writeHead(200, { "content-length": 1000 }).write(binary(3));
				setImmediate(() => response.destroy());
				return true;
			},
		});
		await expect(draw(await open(url, plain), {})).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			retryable: true,
		});
	});

	it("may hold other outputs, in JSON beside binary ones", async () => {
		const { url } = await serve({
			inputs: prompt,
			answer({ path }, response) {
				if (!path.endsWith("/infer")) return false;
				const scores = { name: "SCORE", datatype: "FP32", shape: [1], parameters: { binary_data_size: 4 } };
				const note = { name: "NOTE", datatype: "BYTES", shape: [1], data: ["nice"] };
				const [image] = JSON.parse(binary(3)).outputs;
				const json = JSON.stringify({ outputs: [scores, note, image] });
				response
					.setHeader(header, Buffer.byteLength(json))
					.end(Buffer.concat([Buffer.from(json), Buffer.from("0000\x01\x02\x03")]));
				return true;
			},
		});
		expect(await draw(await open(url, plain), {})).toMatchObject([{ image: { data: new Uint8Array([1, 2, 3]) } }]);
	});
});

describe("a refusal", () => {
	it.each([
		[400, "BACKEND_INVALID_REQUEST", false],
		[401, "BACKEND_AUTH", false],
		[404, "BACKEND_INVALID_REQUEST", false],
		[429, "BACKEND_RATE_LIMITED", true],
		[500, "BACKEND_UNAVAILABLE", true],
		[503, "BACKEND_UNAVAILABLE", true],
	])("with %i is %s, in the server's words", async (status, code, retryable) => {
		const { url } = await serve({ answer: refuseWith(status, "the oven is cold", /infer$/) });
		const message = `The backend answered ${status}: the oven is cold`;
		await expect(draw(await open(url), {})).rejects.toMatchObject({ code, retryable, message });
	});

	it("of the metadata is none to draw", async () => {
		const { url } = await serve({ answer: refuseWith(404, "Request for unknown model: 'painter'", /painter$/) });
		await expect(draw(await open(url), {})).rejects.toMatchObject({ code: "BACKEND_INVALID_REQUEST" });
	});
});

describe("a server", () => {
	it("that was stopped may come back, and the decoder with it", async () => {
		const { url, close } = await serve();
		const decoder = await open(url);
		await draw(decoder, {});
		close();
		await expect(draw(decoder, {})).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
		await expect(decoder.health?.(new AbortController().signal)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
	});

	it("that was not there at first is asked again", async () => {
		let isThere = false;
		const { url } = await serve({ answer: (...asked) => !isThere && refuseWith(503, "starting")(...asked) });
		const decoder = await open(url);
		await expect(draw(decoder, {})).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
		isThere = true;
		expect(await draw(decoder, {})).toMatchObject([{ status: "done" }]);
	});

	it("is told to stop by hanging up", async () => {
		const controller = new AbortController();
		const hungUp = Promise.withResolvers<void>();
		const { url } = await serve({
			answer({ path }, response) {
				if (!path.endsWith("/infer")) return false;
				response.on("close", () => hungUp.resolve());
				controller.abort();
				return true;
			},
		});
		const decoder = await open(url);
		const context = { signal: controller.signal, onProgress: () => undefined };
		await expect(decoder.generate([{ prompt: "a red apple", seed: 5 }], context)).rejects.toMatchObject({
			code: "ABORTED",
		});
		await hungUp.promise;
	});
});
