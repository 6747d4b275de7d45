import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { CallContext } from "../../encoder.ts";
import { DeDiffusionError } from "../../errors.ts";
import type { LanguageModel, LanguageModelCapabilities, TextRequest, TextResult } from "../../language-model.ts";
import {
	checkLanguageModel,
	type LanguageModelCheckOptions,
	type LanguageModelRuleName,
	languageModelFindingsOf,
	languageModelRules,
} from "../index.ts";

const capabilities: LanguageModelCapabilities = {
	settings: ["seed", "temperature", "maxTokens"],
	deterministic: true,
	maxInputTokens: 1000,
};

/** Six words that depend on everything that was asked for. */
function written({ maxTokens = 6, ...request }: TextRequest): TextResult {
	const digest = createHash("sha256").update(JSON.stringify(request)).digest("hex");
	const words = Array.from({ length: Math.min(6, maxTokens) }, (_, index) => digest.slice(index * 4, index * 4 + 4));
	return {
		status: "done",
		text: words.join(" "),
		finishReason: maxTokens < 6 ? "length" : "stop",
		usage: { inputTokens: 10, outputTokens: words.length },
		warnings: [],
	};
}

async function generate(request: TextRequest, { signal }: CallContext): Promise<TextResult> {
	for (let step = 0; step < 4; step++) {
		if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
		await new Promise(setImmediate);
	}
	return written(request);
}

/** A language model without fault. */
const good: LanguageModel = { id: "good", name: "Good", lane: "network", capabilities, generate };

const withCapabilities = (changes: object): LanguageModel => ({
	...good,
	capabilities: { ...capabilities, ...changes },
});

/** Writes well, and then spoils the result. */
const spoiled = (changes: object | ((result: TextResult) => object)): LanguageModel => ({
	...good,
	async generate(...all) {
		const result = await generate(...all);
		return { ...result, ...(typeof changes === "function" ? changes(result) : changes) } as TextResult;
	},
});

let writings = 0;
let latest: TextRequest;
let leak: NodeJS.Timeout | undefined;

/** One planted fault for each thing that the kit looks at. */
const planted: readonly [
	rule: LanguageModelRuleName,
	fault: string,
	model: LanguageModel,
	options?: LanguageModelCheckOptions,
][] = [
	["writes", "writes an empty text", spoiled({ text: " " })],
	["writes", "keeps everything back", spoiled({ status: "filtered", reason: "Not nice." })],
	["writes", "never settles", { ...good, generate: () => new Promise(() => undefined) }, { patienceMs: 20 }],
	["description", "has an id with spaces", { ...good, id: "good model" }],
	["capabilities", "lists a setting that there is not", withCapabilities({ settings: ["top_k"] })],
	["capabilities", "reads less than nothing", withCapabilities({ maxInputTokens: -1 })],
	["result", "ends for no reason", spoiled({ finishReason: "end_turn" })],
	["result", "counts halves of tokens", spoiled({ usage: { inputTokens: 1.5, outputTokens: 1 } })],
	["result", "warns without words", spoiled({ warnings: [{ type: "other", message: "" }] })],
	["hearing", "says one thing to everybody", spoiled({ text: "Red." })],
	["determinism", "never says the same twice", spoiled(() => ({ text: `answer ${writings++}` }))],
	["length", "knows no measure", spoiled((result) => ({ text: `${(result as { text: string }).text} and more` }))],
	["length", "does not say where it was cut off", spoiled({ finishReason: "stop" })],
	[
		"independence",
		"mixes up its calls",
		{
			...good,
			async generate(request, context) {
				latest = request;
				await generate(request, context);
				return written(latest);
			},
		},
	],
	[
		"abort",
		"does not listen",
		{ ...good, generate: (request) => generate(request, { signal: new AbortController().signal }) },
	],
	[
		"health",
		"is ill and writes",
		{ ...good, health: () => Promise.reject(new DeDiffusionError("BACKEND_AUTH", "No.")) },
	],
	["errors", "throws what has no code", { ...good, generate: (...all) => plainly(...all) }],
	["errors", "fails with another code", good, { failing: [{ languageModel: good, code: "BACKEND_AUTH" }] }],
	["rejections", "forgets a promise", { ...good, generate: (...all) => forgetful(...all) }],
	[
		"close",
		"leaves a timer behind",
		{
			...good,
			generate(...all) {
				leak ??= setInterval(() => undefined, 1000);
				return generate(...all);
			},
		},
	],
];

function plainly(request: TextRequest, context: CallContext): Promise<TextResult> {
	return generate(request, context).catch(() => {
		throw new Error("stopped");
	});
}

function forgetful(request: TextRequest, context: CallContext): Promise<TextResult> {
	void Promise.reject(new Error("forgotten"));
	return generate(request, context);
}

describe("the conformance kit for language models", () => {
	it("finds nothing in one that keeps to the contract", async () => {
		expect(await languageModelFindingsOf(good)).toEqual([]);
		await expect(checkLanguageModel(good)).resolves.toBeUndefined();
	});

	it.each(planted)("catches under %j one that %s", async (rule, _fault, model, options) => {
		try {
			const findings = await languageModelFindingsOf(model, options);
			expect(findings.map((finding) => finding.rule)).toContain(rule);
		} finally {
			clearInterval(leak);
			leak = undefined;
		}
	});

	it("has a planted one for every rule", () => {
		expect(new Set(planted.map(([rule]) => rule))).toEqual(new Set(Object.keys(languageModelRules)));
	});
});
