import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { CallContext, EncodeRequest, EncodeResult, Encoder, EncoderCapabilities } from "../../encoder.ts";
import { DeDiffusionError } from "../../errors.ts";
import {
	checkEncoder,
	type EncoderCheckOptions,
	type EncoderRuleName,
	encoderFindingsOf,
	encoderRules,
} from "../index.ts";

const capabilities: EncoderCapabilities = {
	settings: ["seed", "length"],
	deterministic: true,
	maxBatch: 4,
	maxTokens: 8,
};

/** Eight words that depend on everything that was asked for, with all that can be told of them. */
function described({ picture, seed, length = 8 }: EncodeRequest): EncodeResult {
	const digest = createHash("sha256").update(`${picture.id} ${seed}`).digest("hex");
	const words = Array.from({ length }, (_, index) => `w${digest.slice(index * 4, index * 4 + 4)}`);
	const attention = { width: 2, height: 1, weights: Float32Array.of(0.25, 0.75) };
	const tokens = words.map((text, id) => ({ text, id, score: 0.5, attention }));
	return { status: "done", text: words.join(" "), tokens, warnings: [] };
}

async function encode(requests: readonly EncodeRequest[], { signal }: CallContext): Promise<EncodeResult[]> {
	const results: EncodeResult[] = [];
	for (const request of requests) {
		for (let step = 0; step < 4; step++) {
			if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
			await new Promise(setImmediate);
		}
		results.push(described(request));
	}
	return results;
}

async function health(signal: AbortSignal): Promise<void> {
	if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
}

/** An encoder without fault. */
const good: Encoder = { id: "good", name: "Good", lane: "network", capabilities, encode, health };

const withCapabilities = (changes: Partial<EncoderCapabilities>): Encoder => ({
	...good,
	capabilities: { ...capabilities, ...changes },
});

/** Writes well, and then spoils the results. */
const spoiled = (spoil: (result: EncodeResult) => object): Encoder => ({
	...good,
	encode: async (...all) => (await encode(...all)).map((result) => ({ ...result, ...spoil(result) }) as EncodeResult),
});

/** Writes of other requests than those that were given. */
const writtenOf = (change: (request: EncodeRequest) => EncodeRequest): Encoder => ({
	...good,
	encode: (requests, context) => encode(requests.map(change), context),
});

const token = (changes: object) => spoiled(() => ({ text: "a cat", tokens: [{ text: "a", ...changes }] }));
let writings = 0;
let leak: NodeJS.Timeout | undefined;
let latest: readonly EncodeRequest[] = [];

/** One planted fault for each thing that the kit looks at. */
const planted: readonly [rule: EncoderRuleName, fault: string, encoder: Encoder, options?: EncoderCheckOptions][] = [
	["writes", "writes nothing", { ...good, encode: async () => [] }],
	["writes", "writes an empty text", spoiled(() => ({ text: " " }))],
	["writes", "keeps everything back", spoiled(() => ({ status: "filtered", reason: "Not nice." }))],
	["writes", "never settles", { ...good, encode: () => new Promise(() => undefined) }, { patienceMs: 20 }],
	["description", "has an id with capitals", { ...good, id: "Good Encoder" }],
	["description", "has a lane of its own", { ...good, lane: "tpu" as "gpu" }],
	["capabilities", "takes no batch at all", withCapabilities({ maxBatch: 0 })],
	["capabilities", "lists a setting that there is not", withCapabilities({ settings: ["sead" as "seed"] })],
	["capabilities", "writes half a token", withCapabilities({ maxTokens: 0.5 })],
	["result", "writes more than it can", withCapabilities({ maxTokens: 3 })],
	["result", "tells of a token that its text lacks", token({ text: "dog" })],
	["result", "is surer than sure", token({ score: 2 })],
	[
		"result",
		"looks at more than the picture",
		token({ attention: { width: 1, height: 1, weights: Float32Array.of(2) } }),
	],
	["result", "warns without words", spoiled(() => ({ warnings: [{ type: "other", message: "" }] }))],
	["sight", "does not look", writtenOf((request) => ({ ...request, picture: { ...request.picture, id: "any" } }))],
	["determinism", "writes never the same twice", writtenOf((request) => ({ ...request, seed: writings++ }))],
	["seed", "writes one text for all seeds", writtenOf((request) => ({ ...request, seed: 0 }))],
	["length", "knows no measure", writtenOf((request) => ({ ...request, length: 8 }))],
	["batch", "writes a batch in another order", { ...good, encode: async (...all) => (await encode(...all)).reverse() }],
	["batch", "forgets the end of a batch", { ...good, encode: async (...all) => (await encode(...all)).slice(0, 1) }],
	[
		"independence",
		"mixes up its calls",
		{
			...good,
			async encode(requests, context) {
				latest = requests;
				await encode(requests, context);
				return latest.map(described);
			},
		},
	],
	["abort", "does not listen", { ...good, encode: (all) => encode(all, { signal: new AbortController().signal }) }],
	[
		"health",
		"is ill and writes",
		{ ...good, health: () => Promise.reject(new DeDiffusionError("BACKEND_AUTH", "No.")) },
	],
	["errors", "throws what has no code", { ...good, encode: (all, { signal }) => plainly(all, signal) }],
	["errors", "fails with another code", good, { failing: [{ encoder: good, code: "BACKEND_AUTH" }] }],
	["rejections", "forgets a promise", { ...good, encode: forgetful }],
	[
		"close",
		"leaves a timer behind",
		{
			...good,
			encode(...all) {
				leak ??= setInterval(() => undefined, 1000);
				return encode(...all);
			},
		},
	],
	["close", "keeps what it should release", good, { leftovers: () => 2 }],
];

async function forgetful(requests: readonly EncodeRequest[], context: CallContext): Promise<EncodeResult[]> {
	void Promise.reject(new Error("forgotten"));
	return encode(requests, context);
}

async function plainly(requests: readonly EncodeRequest[], signal: AbortSignal): Promise<EncodeResult[]> {
	return encode(requests, { signal }).catch(() => {
		throw new Error("stopped");
	});
}

describe("the conformance kit for encoders", () => {
	it("finds nothing in one that keeps to the contract", async () => {
		expect(await encoderFindingsOf(good)).toEqual([]);
		await expect(checkEncoder(good)).resolves.toBeUndefined();
	});

	it("finds nothing in a captioner that knows no more than its text, and stops when it is done", async () => {
		const plain = { settings: [], maxBatch: 1, abort: "batch" } as const;
		const captioner: Encoder = {
			...withCapabilities(plain),
			async encode(requests, { signal }) {
				if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
				await new Promise(setImmediate);
				await new Promise(setImmediate);
				return requests.map((request) => ({ status: "done", text: `a picture ${request.picture.id}`, warnings: [] }));
			},
		};
		expect(await encoderFindingsOf(captioner)).toEqual([]);
	});

	it.each(planted)("catches under %j one that %s", async (rule, _fault, encoder, options) => {
		try {
			const findings = await encoderFindingsOf(encoder, options);
			expect(findings.map((finding) => finding.rule)).toContain(rule);
		} finally {
			clearInterval(leak);
			leak = undefined;
		}
	});

	it("has a planted one for every rule", () => {
		expect(new Set(planted.map(([rule]) => rule))).toEqual(new Set(Object.keys(encoderRules)));
	});

	it("says everything in one error that can be read", async () => {
		await expect(checkEncoder({ ...good, name: "" })).rejects.toThrow(
			"The encoder good does not keep to the contract:\n  description: it has no name for people.",
		);
	});
});
