/**
 * A comparison from the request to its last cell, over HTTP.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Decoder, DeDiffusionError } from "../src/plugins/index.ts";
import { brush, gatedPainting, paint } from "./brush.ts";
import { plainPicture } from "./pictures.ts";
import { refusalOf } from "./refusals.ts";
import { serve, type TestServer, until } from "./server.ts";

const fails: Decoder["generate"] = async () => {
	throw new DeDiffusionError("BACKEND_UNAVAILABLE", "Nobody is at home.");
};
const breaks: Decoder["generate"] = async () => {
	throw new TypeError("secret of the backend");
};
const isShy: Decoder["generate"] = async (requests) =>
	requests.map(({ prompt, seed }) => ({
		status: "filtered",
		reason: "Not nice.",
		seed,
		effectivePrompt: prompt,
		warnings: [],
	}));

const painting = gatedPainting();
/** Paints seed 0 at once; any other picture is half done until nobody waits for it any more. */
const slow: Decoder["generate"] = async (requests, context) => {
	if (requests[0]?.seed === 0) {
		return requests.map(paint);
	}
	context.onProgress({ fraction: 0.5 });
	const aborted = new Promise<never>((_, reject) => {
		context.signal.addEventListener("abort", () => reject(new DeDiffusionError("ABORTED", "Nobody waits.")));
	});
	return Promise.race([painting.generate(requests, context), aborted]);
};

let server: TestServer;

beforeAll(async () => {
	server = await serve({
		decoders: [
			brush("oil"),
			brush("absent", { lane: "network", generate: fails }),
			brush("broken", { generate: breaks }),
			brush("shy", { generate: isShy }),
			brush("slow", { generate: slow, capabilities: { maxBatch: 1 } }),
		],
		engine: { limits: { comparisonCells: 30 } },
	});
});
afterAll(() => server.close());

const transfer = (input: object) =>
	server.ask(
		"mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id status progress cells { status } } }",
		{
			input,
		},
	);

const show = (id: string) => `{ comparison(id: "${id}") {
	id createdAt status progress
	cells {
		id decoder status
		source { label text picture { id } original { id } }
		settings { seed steps guidanceScale width }
		decoding { picture { id url width } decoder seed effectivePrompt warnings { setting } durationMs filteredReason }
		metrics { psnr ssim }
		error { code message input advice retryable }
	}
} }`;

const isOver = (data: { comparison: { status: string } }) => data.comparison.status === "DONE";

async function drawn(input: object) {
	const started = await transfer(input);
	expect(started.errors).toBeUndefined();
	const { data } = await until(server.url, show(started.data.transferPrompt.id), isOver);
	return data.comparison;
}

async function count(): Promise<number> {
	return (await server.ask("{ comparisons { totalCount } }")).data.comparisons.totalCount;
}

describe("a comparison", () => {
	test("draws each source by each decoder with each seed, in that order, and measures against the original", async () => {
		const [cat, dog] = await Promise.all([plainPicture([60, 60, 60]), plainPicture([200, 0, 0])]);
		const data = Buffer.from(cat.bytes).toString("base64");
		const comparison = await drawn({
			sources: [
				{ label: "encoded", picture: { data } },
				{ text: "a dog", original: { id: (await server.engine.pictures.add(dog.bytes)).id } },
				{ label: "bare", text: "a bird" },
			],
			decoders: ["oil", "tiny"],
			seeds: [60, 2],
			settings: { steps: 2 },
		});
		const { cells } = comparison;
		expect(comparison).toMatchObject({ status: "DONE", progress: 1 });
		expect(new Date(comparison.createdAt).getTime()).toBeLessThanOrEqual(Date.now());
		type Cell = (typeof cells)[number];
		expect(cells.map((cell: Cell) => [cell.source.label, cell.decoder, cell.settings.seed])).toEqual(
			["encoded", "source 2", "bare"].flatMap((label) =>
				["oil", "tiny"].flatMap((decoder) => [60, 2].map((seed) => [label, decoder, seed])),
			),
		);
		for (const cell of cells) {
			expect(cell).toMatchObject({ status: "DONE", error: null, settings: { steps: 2 } });
			expect(cell.decoding).toMatchObject({ decoder: cell.decoder, seed: cell.settings.seed });
			expect(cell.decoding.effectivePrompt).toBe(cell.source.text);
			expect(cell.decoding.durationMs).toBeGreaterThan(0);
			expect((await fetch(server.url + cell.decoding.picture.url)).status).toBe(200);
		}
		expect(cells[0].source).toMatchObject({ picture: { id: cat.id }, original: { id: cat.id } });
		expect(cells[0].source.text.split(" ")).toHaveLength(4);
		expect(cells[0].decoding.picture.width).toBe(8);
		// Seed 60 paints what the original shows: the distance is zero, its logarithm infinite.
		expect(cells[0].metrics).toEqual({ psnr: null, ssim: 1 });
		expect(cells[1].metrics.psnr).toBeLessThan(20);
		expect(cells[4].source).toMatchObject({ text: "a dog", picture: null, original: { id: dog.id } });
		expect(cells[4].metrics.psnr).toBeGreaterThan(0);
		expect(cells[8]).toMatchObject({ source: { text: "a bird", original: null }, metrics: null });
	});

	test("goes through guidance scales before seeds; a decoder that has none warns", async () => {
		const { cells } = await drawn({
			sources: [{ text: "a cat" }],
			decoders: ["oil"],
			seeds: [1, 2],
			guidanceScales: [3, 1],
		});
		type Cell = (typeof cells)[number];
		expect(cells.map(({ settings }: Cell) => [settings.guidanceScale, settings.seed])).toEqual([
			[3, 1],
			[3, 2],
			[1, 1],
			[1, 2],
		]);
		expect(cells[0].decoding.warnings).toEqual([{ setting: "GUIDANCE_SCALE" }]);
	});

	test("chooses one seed for all cells when none is given", async () => {
		const { cells } = await drawn({ sources: [{ text: "a cat" }, { text: "a dog" }], decoders: ["oil"] });
		expect(Number.isSafeInteger(cells[0].settings.seed)).toBe(true);
		expect(cells[1].settings.seed).toBe(cells[0].settings.seed);
	});

	test("is done although cells failed or were kept back, and each says why", async () => {
		const { status, progress, cells } = await drawn({
			sources: [
				{ text: "a cat", original: { data: Buffer.from((await plainPicture([1, 1, 1])).bytes).toString("base64") } },
			],
			decoders: ["absent", "broken", "shy", "oil"],
			seeds: [1, 2],
		});
		expect([status, progress]).toEqual(["DONE", 1]);
		type Cell = (typeof cells)[number];
		expect(cells.map(({ decoder, status }: Cell) => [decoder, status])).toEqual([
			["absent", "FAILED"],
			["absent", "FAILED"],
			["broken", "FAILED"],
			["broken", "FAILED"],
			["shy", "FILTERED"],
			["shy", "FILTERED"],
			["oil", "DONE"],
			["oil", "DONE"],
		]);
		const [absent, , broken, , shy] = cells;
		expect(absent).toMatchObject({ decoding: null, metrics: null, error: { code: "BACKEND_UNAVAILABLE" } });
		expect(absent.error).toMatchObject({ message: "Nobody is at home.", retryable: true });
		expect(absent.error.advice).toMatch(/^Check that it runs/);
		expect(broken.error).toMatchObject({ code: "INTERNAL", input: null, retryable: false });
		expect(JSON.stringify(broken.error)).not.toContain("secret");
		expect(shy).toMatchObject({ error: null, metrics: null, decoding: { picture: null, filteredReason: "Not nice." } });
	});
});

describe("a comparison that is cancelled", () => {
	test("shows its progress, keeps what is finished and draws nothing more", async () => {
		const { data } = await transfer({ sources: [{ text: "a cat" }], decoders: ["slow"], seeds: [0, 1, 2, 3] });
		const { id, status } = data.transferPrompt;
		expect(status).toBe("PENDING");
		await painting.begun;
		const running = (await server.ask(show(id))).data.comparison;
		expect(running).toMatchObject({ status: "RUNNING", progress: 1.5 / 4 });
		expect(running.cells.map(({ status }: { status: string }) => status)).toEqual([
			"DONE",
			"RUNNING",
			"PENDING",
			"PENDING",
		]);

		const cancel = `mutation { cancelComparison(id: "${id}") { status progress cells { status } } }`;
		const cancelled = (await server.ask(cancel)).data.cancelComparison;
		expect(cancelled).toEqual({
			status: "CANCELLED",
			progress: 1,
			cells: ["DONE", "CANCELLED", "CANCELLED", "CANCELLED"].map((status) => ({ status })),
		});
		await server.engine.comparisons.settled(id);
		const after = (await server.ask(show(id))).data.comparison;
		expect(after.status).toBe("CANCELLED");
		expect(after.cells[0].decoding.picture.id).toBe(running.cells[0].decoding.picture.id);
		expect(after.cells.slice(1).every(({ decoding }: { decoding: unknown }) => decoding === null)).toBe(true);
		expect(painting.batches).toHaveLength(1);
		expect((await server.ask(cancel)).data.cancelComparison).toEqual(cancelled);
	});

	test("stays done when it was done", async () => {
		const { id } = await drawn({ sources: [{ text: "a cat" }], decoders: ["oil"] });
		const { data } = await server.ask(`mutation { cancelComparison(id: "${id}") { status cells { status } } }`);
		expect(data.cancelComparison).toEqual({ status: "DONE", cells: [{ status: "DONE" }] });
	});

	test("must exist", async () => {
		const refusal = await refusalOf(await server.ask('mutation { cancelComparison(id: "nobody") { id } }'));
		expect(refusal).toMatchObject({ code: "COMPARISON_NOT_FOUND", input: "id" });
		expect((await server.ask('{ comparison(id: "nobody") { id } }')).data).toEqual({ comparison: null });
	});
});

describe("a request with a slip is refused by its name, and leaves nothing behind:", () => {
	const source = { text: "a cat" };
	test.each<[object, string, string]>([
		[{ sources: [source], decoders: ["oil", "chalk"] }, "DECODER_NOT_FOUND", "input.decoders.1"],
		[{ sources: [], decoders: ["oil"] }, "INPUT_INVALID", "input.sources"],
		[{ sources: [source], decoders: [] }, "INPUT_INVALID", "input.decoders"],
		[{ sources: [source], decoders: ["oil"], seeds: [] }, "INPUT_INVALID", "input.seeds"],
		[{ sources: [source], decoders: ["oil"], seeds: [1, 1] }, "INPUT_INVALID", "input.seeds"],
		[{ sources: [source], decoders: ["oil"], seeds: [1, -1] }, "SETTING_INVALID", "input.seeds.1"],
		[{ sources: [source], decoders: ["oil"], guidanceScales: [51] }, "SETTING_INVALID", "input.guidanceScales.0"],
		[{ sources: [source], decoders: ["oil"], settings: { width: 9 } }, "SETTING_INVALID", "input.settings.width"],
		[
			{ sources: [source], decoders: ["oil"], settings: { scheduler: "x" } },
			"SCHEDULER_UNKNOWN",
			"input.settings.scheduler",
		],
		[{ sources: [source, {}], decoders: ["oil"] }, "INPUT_INVALID", "input.sources.1"],
		[{ sources: [{ ...source, picture: { id: "x" } }], decoders: ["oil"] }, "INPUT_INVALID", "input.sources.0"],
		[{ sources: [{ text: " " }], decoders: ["oil"] }, "TEXT_EMPTY", "input.sources.0.text"],
		[{ sources: [{ text: "a".repeat(10_000) }], decoders: ["oil"] }, "TEXT_TOO_LONG", "input.sources.0.text"],
		[{ sources: [{ ...source, label: "a".repeat(201) }], decoders: ["oil"] }, "INPUT_INVALID", "input.sources.0.label"],
		[{ sources: [{ picture: { id: "x" } }], decoders: ["oil"] }, "PICTURE_NOT_FOUND", "input.sources.0.picture.id"],
		[
			{ sources: [{ ...source, original: {} }], decoders: ["oil"] },
			"PICTURE_INPUT_AMBIGUOUS",
			"input.sources.0.original",
		],
		[
			{ sources: [{ picture: { url: "http://192.168.0.1/cat.png" } }], decoders: ["oil"] },
			"PICTURE_URL_REFUSED",
			"input.sources.0.picture.url",
		],
		[
			{ sources: [source], decoders: ["oil"], seeds: Array.from({ length: 31 }, (_, seed) => seed) },
			"COMPARISON_TOO_LARGE",
			"input",
		],
	])("%j", async (input, code, name) => {
		const before = await count();
		expect(await refusalOf(await transfer(input))).toMatchObject({ code, input: name });
		expect(await count()).toBe(before);
	});

	test("not even the pictures that came with it", async () => {
		const { id, bytes } = await plainPicture([11, 22, 33]);
		const picture = { data: Buffer.from(bytes).toString("base64") };
		const refusal = await refusalOf(await transfer({ sources: [{ picture }], decoders: ["oil"], seeds: [1, 1] }));
		expect(refusal.code).toBe("INPUT_INVALID");
		expect((await server.ask(`{ picture(id: "${id}") { id } }`)).data.picture).toBeNull();
	});
});

describe("the list of comparisons", () => {
	const page = async (args: string) => {
		const answer = await server.ask(`{ comparisons${args} {
			edges { cursor node { id } } nodes { id createdAt }
			pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
		} }`);
		expect(answer.errors).toBeUndefined();
		return answer.data.comparisons;
	};

	test("is given page by page, newest first, each comparison once", async () => {
		for (const seed of [1, 2, 3, 4, 5]) {
			await drawn({ sources: [{ text: "a cat" }], decoders: ["oil"], seeds: [seed] });
		}
		const whole = await page("(first: 100)");
		expect(whole.nodes).toHaveLength(whole.totalCount);
		expect(whole.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
		const times = whole.nodes.map(({ createdAt }: { createdAt: string }) => createdAt);
		expect(times).toEqual([...times].sort().reverse());

		const ids: string[] = [];
		let after: string | undefined;
		for (;;) {
			const { edges, nodes, pageInfo } = await page(`(first: 2${after === undefined ? "" : `, after: "${after}"`})`);
			expect(edges.map(({ node }: { node: object }) => node)).toEqual(nodes.map(({ id }: { id: string }) => ({ id })));
			expect(pageInfo).toMatchObject({
				hasPreviousPage: after !== undefined,
				startCursor: edges[0].cursor,
				endCursor: edges.at(-1).cursor,
			});
			ids.push(...nodes.map(({ id }: { id: string }) => id));
			after = pageInfo.endCursor;
			if (!pageInfo.hasNextPage) {
				break;
			}
		}
		expect(ids).toEqual(whole.nodes.map(({ id }: { id: string }) => id));
		expect(await page(`(after: "${after}")`)).toMatchObject({
			nodes: [],
			pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
		});
	});

	test.each([
		["first: 0", "INPUT_INVALID", "first"],
		["first: -1", "INPUT_INVALID", "first"],
		["first: 101", "INPUT_INVALID", "first"],
		['after: "nonsense"', "CURSOR_INVALID", "after"],
		['after: ""', "CURSOR_INVALID", "after"],
	])("refuses %s", async (args, code, input) => {
		expect(await refusalOf(await server.ask(`{ comparisons(${args}) { totalCount } }`))).toMatchObject({ code, input });
	});
});
