import { describe, expect, it } from "vitest";
import { colourDistance, distanceOf } from "../../../../test/colour-distance.ts";
import type { CallContext } from "../../encoder.ts";
import { DeDiffusionError } from "../../errors.ts";
import type { Metric, MetricPair } from "../../metric.ts";
import { checkMetric, type MetricCheckOptions, type MetricRuleName, metricFindingsOf, metricRules } from "../index.ts";

async function measure(pairs: readonly MetricPair[], { signal }: CallContext): Promise<number[]> {
	const values: number[] = [];
	for (const pair of pairs) {
		if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
		await new Promise(setImmediate);
		values.push(await distanceOf(pair));
	}
	if (signal.aborted) throw new DeDiffusionError("ABORTED", "Not wanted any more.");
	return values;
}

/** A metric without fault. */
const good = colourDistance("good", { measure });

/** Measures well, and then spoils the values. */
const spoiled = (spoil: (value: number, index: number) => number): Metric => ({
	...good,
	measure: async (...all) => (await measure(...all)).map(spoil),
});

let measurings = 0;
let latest: readonly MetricPair[] = [];
let leak: NodeJS.Timeout | undefined;

/** One planted fault for each thing that the kit looks at. */
const planted: readonly [rule: MetricRuleName, fault: string, metric: Metric, options?: MetricCheckOptions][] = [
	["measures", "measures nothing", { ...good, measure: async () => [] }],
	["measures", "never settles", { ...good, measure: () => new Promise(() => undefined) }, { patienceMs: 20 }],
	["description", "has no name", { ...good, name: "" }],
	["description", "has an empty unit", { ...good, unit: " " }],
	["description", "does not say which way is better", { ...good, higherIsBetter: undefined as never }],
	["description", "takes no batch at all", { ...good, capabilities: { maxBatch: 0 } }],
	["result", "divides by zero", spoiled((value) => 1 / value)],
	["direction", "says that far is near", { ...good, higherIsBetter: true }],
	["determinism", "never says the same twice", spoiled((value) => value + measurings++)],
	[
		"batch",
		"measures a batch in another order",
		{ ...good, measure: async (...all) => (await measure(...all)).reverse() },
	],
	["batch", "forgets the end of a batch", { ...good, measure: async (...all) => (await measure(...all)).slice(0, 1) }],
	[
		"independence",
		"mixes up its calls",
		{
			...good,
			async measure(pairs, context) {
				latest = pairs;
				await measure(pairs, context);
				return Promise.all(latest.map(distanceOf));
			},
		},
	],
	[
		"abort",
		"does not listen",
		{ ...good, measure: (pairs) => measure(pairs, { signal: new AbortController().signal }) },
	],
	[
		"health",
		"is ill and measures",
		{ ...good, health: () => Promise.reject(new DeDiffusionError("BACKEND_AUTH", "No.")) },
	],
	["errors", "throws what has no code", { ...good, measure: (...all) => plainly(...all) }],
	["errors", "fails with another code", good, { failing: [{ metric: good, code: "BACKEND_AUTH" }] }],
	["rejections", "forgets a promise", { ...good, measure: (...all) => forgetful(...all) }],
	[
		"close",
		"leaves a timer behind",
		{
			...good,
			measure(...all) {
				leak ??= setInterval(() => undefined, 1000);
				return measure(...all);
			},
		},
	],
	["close", "fails at the end", { ...good, close: () => Promise.reject(new Error("stuck")) }],
];

function plainly(pairs: readonly MetricPair[], context: CallContext): Promise<number[]> {
	return measure(pairs, context).catch(() => {
		throw new Error("stopped");
	});
}

function forgetful(pairs: readonly MetricPair[], context: CallContext): Promise<number[]> {
	void Promise.reject(new Error("forgotten"));
	return measure(pairs, context);
}

describe("the conformance kit for metrics", () => {
	it("finds nothing in one that keeps to the contract", async () => {
		expect(await metricFindingsOf(good)).toEqual([]);
		await expect(checkMetric(good)).resolves.toBeUndefined();
	});

	it("allows a metric that is not defined for equal pictures", async () => {
		const undefinedWhereEqual: Metric = {
			...good,
			measure: async (...all) => (await measure(...all)).map((value) => (value === 0 ? null : value)),
		};
		expect(await metricFindingsOf(undefinedWhereEqual)).toEqual([]);
	});

	it.each(planted)("catches under %j one that %s", async (rule, _fault, metric, options) => {
		try {
			const findings = await metricFindingsOf(metric, options);
			expect(findings.map((finding) => finding.rule)).toContain(rule);
		} finally {
			clearInterval(leak);
			leak = undefined;
		}
	});

	it("has a planted one for every rule", () => {
		expect(new Set(planted.map(([rule]) => rule))).toEqual(new Set(Object.keys(metricRules)));
	});
});
