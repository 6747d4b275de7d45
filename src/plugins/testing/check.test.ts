import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type {
	DecodeRequest,
	DecodeResult,
	Decoder,
	DecoderCapabilities,
	GenerateContext,
	InitialImage,
} from "../decoder.ts";
import { DeDiffusionError } from "../errors.ts";
import { type CheckOptions, checkDecoder, type Finding, findingsOf, type RuleName, rules } from "./index.ts";

const capabilities: DecoderCapabilities = {
	settings: ["seed", "steps", "guidanceScale", "negativePrompt", "width", "height", "scheduler", "initialImage"],
	deterministic: true,
	maxBatch: 4,
	schedulers: ["ddim", "euler"],
	size: { min: 8, max: 32, multipleOf: 8 },
	maxPromptTokens: 10,
	rewritesPrompt: false,
	defaults: { steps: 4, guidanceScale: 3, width: 16, height: 16, scheduler: "ddim" },
};

/** A picture that depends on everything that was asked for. */
function mottled(request: DecodeRequest): DecodeResult {
	const { prompt, seed, width = 16, height = 16 } = request;
	const words = prompt.split(" ");
	const effectivePrompt = words.slice(0, 10).join(" ");
	const digest = createHash("sha256").update(JSON.stringify(request)).digest();
	const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => digest[index % 32] as number);
	const cut = { type: "truncated", setting: "prompt", message: "Only ten words fit." } as const;
	return {
		status: "done",
		seed,
		effectivePrompt,
		warnings: words.length > 10 ? [cut] : [],
		image: { kind: "pixels", width, height, data },
	};
}

/** Draws step by step, each of them a turn of the event loop, and looks at its signal in between. */
async function draw(
	requests: readonly DecodeRequest[],
	{ signal, onProgress }: GenerateContext,
): Promise<DecodeResult[]> {
	const results: DecodeResult[] = [];
	for (const [request, wanted] of requests.entries()) {
		for (let step = 1; step <= 4; step++) {
			if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
			await new Promise(setImmediate);
			onProgress({ request, fraction: step / 4 });
		}
		results.push(mottled(wanted));
	}
	return results;
}

/** A decoder without fault. */
const good: Decoder = { id: "good", name: "Good", lane: "network", capabilities, generate: draw, health };

async function health(signal: AbortSignal): Promise<void> {
	if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
}

const withCapabilities = (changes: Partial<DecoderCapabilities>): Decoder => ({
	...good,
	capabilities: { ...capabilities, ...changes },
});

/** Draws well, and then spoils the results. */
const spoiled = (
	spoil: (result: DecodeResult, request: DecodeRequest) => DecodeResult,
	decoder: Decoder = good,
): Decoder => ({
	...decoder,
	generate: async (requests, context) =>
		(await draw(requests, context)).map((result, index) => spoil(result, requests[index] as DecodeRequest)),
});

/** Draws from other requests than those that were given. */
const drawnFrom = (change: (request: DecodeRequest) => DecodeRequest, decoder: Decoder = good): Decoder =>
	spoiled((result, request) => ({ ...mottled(change(request)), seed: result.seed }), decoder);

const without = (name: keyof DecodeRequest) => (request: DecodeRequest) => {
	const { [name]: _, ...rest } = request;
	return rest as DecodeRequest;
};

/** Starts from something else than it was given, where it was given something. */
const startingFrom = (changes: Partial<InitialImage>) => (request: DecodeRequest) =>
	request.initialImage ? { ...request, initialImage: { ...request.initialImage, ...changes } } : request;

const black = { kind: "pixels", width: 16, height: 16, data: new Uint8Array(16 * 16 * 3) } as const;

const deaf: Decoder["generate"] = (requests, { onProgress }) =>
	draw(requests, { onProgress, signal: new AbortController().signal });

let drawings = 0;
let leak: NodeJS.Timeout | undefined;

/** One planted fault for each thing that the kit looks at. */
const planted: readonly [rule: RuleName, fault: string, decoder: Decoder, options?: CheckOptions][] = [
	["draws", "draws nothing", { ...good, generate: async () => [] }],
	["draws", "gives junk for a file", spoiled((result) => ({ ...result, status: "done", image: junk }))],
	["draws", "gives too few bytes", spoiled((result) => ({ ...result, status: "done", image: tooFewBytes }))],
	["draws", "never settles", { ...good, generate: () => new Promise(() => undefined) }, { patienceMs: 20 }],
	["draws", "filters everything", spoiled((result) => ({ ...result, status: "filtered", reason: "No apples." }))],
	["description", "has an id with capitals", { ...good, id: "Good Decoder" }],
	["description", "has no name", { ...good, name: " " }],
	["description", "has a lane of its own", { ...good, lane: "tpu" as "gpu" }],
	["capabilities", "has a default outside of its sizes", withCapabilities({ defaults: { width: 12, height: 16 } })],
	["capabilities", "takes no batch at all", withCapabilities({ maxBatch: 0 })],
	["capabilities", "lists schedulers that cannot be asked for", withCapabilities({ settings: ["seed"] })],
	["capabilities", "makes up the name of its tokenizer", withCapabilities({ tokenizer: "clip" })],
	["capabilities", "lists a setting that there is not", withCapabilities({ settings: ["sead" as "seed"] })],
	["result", "answers with another seed", spoiled((result) => ({ ...result, seed: result.seed + 1 }))],
	["result", "draws another size silently", drawnFrom((request) => ({ ...request, width: 24 }))],
	[
		"result",
		"has a warning without words",
		spoiled((result) => ({ ...result, warnings: [{ type: "other", message: "" }] })),
	],
	["progress", "reports more than all", reporting([0.5, 1.5])],
	["progress", "reports backwards", reporting([0.5, 0.25])],
	["prompt", "draws another text", spoiled((result) => ({ ...result, effectivePrompt: "a cat" }))],
	["prompt", "does not say what it drew", spoiled((result) => ({ ...result, effectivePrompt: "" }))],
	["truncation", "cuts text off silently", spoiled((result) => ({ ...result, warnings: [] }))],
	["determinism", "draws never the same twice", drawnFrom((request) => ({ ...request, seed: drawings++ }))],
	["seed", "draws one picture for all seeds", drawnFrom((request) => ({ ...request, seed: 1 }))],
	["settings", "ignores steps silently", drawnFrom(without("steps"))],
	["settings", "ignores the negative prompt silently", drawnFrom(without("negativePrompt"))],
	["settings", "ignores sizes silently", drawnFrom(without("height"))],
	["settings", "ignores the picture to start from silently", drawnFrom(without("initialImage"))],
	["settings", "starts from one picture for all", drawnFrom(startingFrom({ image: black }))],
	["settings", "ignores the strength silently", drawnFrom(startingFrom({ strength: 0.5 }))],
	["undeclared", "honours a setting that it does not list", withCapabilities({ settings: ["seed", "scheduler"] })],
	["batch", "draws a batch in another order", { ...good, generate: async (...all) => (await draw(...all)).reverse() }],
	["batch", "draws other pictures in a batch", { ...good, generate: inBatchesOtherwise }],
	["batch", "forgets the end of a batch", { ...good, generate: async (...all) => (await draw(...all)).slice(0, 1) }],
	["independence", "mixes up its calls", { ...good, generate: mixingUp() }],
	["abort", "does not listen", { ...good, generate: deaf }],
	["abort", "begins though it was told not to", { ...good, generate: startingAnyway }],
	["abort", "stops with the wrong error", { ...good, generate: failingWith("BACKEND_UNAVAILABLE") }],
	[
		"health",
		"is ill and draws",
		{ ...good, health: () => Promise.reject(new DeDiffusionError("BACKEND_AUTH", "No.")) },
	],
	["errors", "throws what has no code", { ...good, generate: throwingPlain }],
	["errors", "fails with another code", good, { failing: [{ decoder: good, code: "BACKEND_AUTH" }] }],
	["rejections", "forgets a promise", { ...good, generate: forgetful }],
	["close", "fails at the end", { ...good, close: () => Promise.reject(new Error("stuck")) }],
	["close", "leaves a timer behind", { ...good, generate: leaking }],
	["close", "keeps what it should release", good, { leftovers: () => 2 }],
];

const junk = { kind: "encoded", bytes: Buffer.from("<html>") } as const;
const tooFewBytes = { kind: "pixels", width: 16, height: 16, data: new Uint8Array(16) } as const;

function reporting(fractions: readonly number[]): Decoder {
	const generate: Decoder["generate"] = async (requests, context) => {
		const results = await draw(requests, { ...context, onProgress: () => undefined });
		for (const fraction of fractions) context.onProgress({ fraction });
		return results;
	};
	return { ...good, generate };
}

async function inBatchesOtherwise(requests: readonly DecodeRequest[], context: GenerateContext) {
	const results = await draw(requests, context);
	return requests.length === 1
		? results
		: results.map((result, index) => ({ ...mottled({ prompt: "x", seed: index }), seed: result.seed }));
}

/** Keeps the request of its latest call where all calls see it. */
function mixingUp(): Decoder["generate"] {
	let latest: readonly DecodeRequest[] = [];
	return async (requests, context) => {
		latest = requests;
		await draw(requests, context);
		return latest.map(mottled);
	};
}

async function startingAnyway(requests: readonly DecodeRequest[], context: GenerateContext) {
	return context.signal.aborted ? requests.map(mottled) : draw(requests, context);
}

function failingWith(code: "BACKEND_UNAVAILABLE"): Decoder["generate"] {
	return (requests, context) =>
		draw(requests, context).catch(() => {
			throw new DeDiffusionError(code, "Gone.");
		});
}

function throwingPlain(requests: readonly DecodeRequest[], context: GenerateContext) {
	return draw(requests, context).catch(() => {
		throw new Error("stopped");
	});
}

async function forgetful(requests: readonly DecodeRequest[], context: GenerateContext) {
	void Promise.reject(new Error("forgotten"));
	return draw(requests, context);
}

async function leaking(requests: readonly DecodeRequest[], context: GenerateContext) {
	leak ??= setInterval(() => undefined, 1000);
	return draw(requests, context);
}

const rulesOf = (findings: readonly Finding[]) => new Set(findings.map(({ rule }) => rule));

describe("the conformance kit", () => {
	it("finds nothing in a decoder that keeps to the contract", async () => {
		expect(await findingsOf(good)).toEqual([]);
		await expect(checkDecoder(good)).resolves.toBeUndefined();
	});

	it("finds nothing in one that warns of what it does not do", async () => {
		const warning = { type: "adjusted", setting: "steps", message: "Four steps it is." } as const;
		const fixed = drawnFrom(without("steps"));
		const generate: Decoder["generate"] = async (requests, context) =>
			(await fixed.generate(requests, context)).map((result, index) => ({
				...result,
				warnings: requests[index]?.steps === undefined ? result.warnings : [...result.warnings, warning],
			}));
		expect(await findingsOf({ ...good, generate })).toEqual([]);
	});

	it.each([
		["picture", finishingPictures],
		["batch", deaf],
	] as const)(
		"allows a decoder that stops when its %s is done, and says so, to go on until then",
		async (abort, generate) => {
			const stopping: Decoder["generate"] = (requests, context) => {
				if (context.signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
				return generate(requests, context);
			};
			expect(
				await findingsOf({ ...withCapabilities({ abort }), generate: async (...all) => stopping(...all) }),
			).toEqual([]);
			expect(rulesOf(await findingsOf({ ...good, generate: async (...all) => stopping(...all) }))).toEqual(
				new Set(["abort"]),
			);
		},
	);

	it.each(planted)("catches under %j a decoder that %s", async (rule, _fault, decoder, options) => {
		try {
			expect(rulesOf(await findingsOf(decoder, options))).toContain(rule);
		} finally {
			clearInterval(leak);
			leak = undefined;
		}
	});

	it("has a planted decoder for every rule", () => {
		expect(new Set(planted.map(([rule]) => rule))).toEqual(new Set(Object.keys(rules)));
	});

	it("says everything in one error that can be read", async () => {
		const bad = { ...drawnFrom(without("steps")), name: "" };
		await expect(checkDecoder(bad)).rejects.toThrow(
			[
				"The decoder good does not keep to the contract:",
				"  description: it has no name for people.",
				"  settings: it lists steps, draws the same picture for steps 3, and warns of nothing.",
			].join("\n"),
		);
	});

	it("says with which code a decoder fails that draws nothing", async () => {
		const generate = () => Promise.reject(new DeDiffusionError("BACKEND_UNAVAILABLE", "Nobody answers."));
		expect(await findingsOf({ ...good, generate })).toEqual([
			{ rule: "draws", message: "fails with BACKEND_UNAVAILABLE: Nobody answers" },
		]);
	});

	it("leaves out the rules that it is told to", async () => {
		expect(await findingsOf({ ...good, name: "" }, { skip: ["description"] })).toEqual([]);
	});

	it("gives the listeners back that it took away", async () => {
		const before = process.listeners("unhandledRejection");
		await findingsOf(good);
		expect(process.listeners("unhandledRejection")).toEqual(before);
	});
});

async function finishingPictures(requests: readonly DecodeRequest[], { signal, onProgress }: GenerateContext) {
	const results: DecodeResult[] = [];
	for (const request of requests) {
		if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
		results.push(...(await deaf([request], { signal, onProgress })));
	}
	return results;
}
