/**
 * What the contract asks of every metric, rule by rule.
 *
 * @module
 */
import type { AnyRule } from "../inspect.ts";
import { checkDescription } from "../rules/description.ts";
import { checkFailure, checkHealth } from "../rules/errors.ts";
import { checkStops } from "../rules/stop.ts";
import { MetricProbe, type MetricRuleName, type Value } from "./probe.ts";

export type MetricRule = AnyRule<MetricProbe, { readonly unlike: Value }>;

/** In the order in which they are looked at. */
export const metricRules: Readonly<Record<MetricRuleName, MetricRule>> = {
	measures: { meaning: "measures two unlike pictures of different sizes", check: () => undefined },
	description: {
		meaning: "has an id, a name, a lane, a direction and a batch size of the forms that the API takes",
		check: checkForms,
	},
	result: { meaning: "gives finite numbers, or null", check: checkResult },
	direction: { meaning: "calls a picture at least as close to itself as to another", check: checkDirection },
	determinism: { meaning: "measures equal pairs equally", check: checkDeterminism },
	batch: { meaning: "measures in a batch what it measures alone, in order", check: checkBatch },
	independence: { meaning: "keeps calls apart that run at the same time", check: checkIndependence },
	abort: { meaning: "stops when told to, as soon as it says that it can", check: checkAbort },
	health: { meaning: "is healthy when it measures, and stops asking when told to", check: checkHealth },
	errors: { meaning: "throws errors with a code, the expected one where it is made to fail", check: checkErrors },
	rejections: { meaning: "leaves no promise rejected that nobody handles", check: () => undefined },
	close: { meaning: "releases everything when it is closed", check: () => undefined },
};

/** Largest difference of two values that count as equal, as a share of the larger one. */
const tolerance = 1e-3;

function areEqual(one: Value | undefined, other: Value | undefined): boolean {
	if (typeof one !== "number" || typeof other !== "number") {
		return one === other;
	}
	return Math.abs(one - other) <= tolerance * Math.max(Math.abs(one), Math.abs(other));
}

function checkForms(probe: MetricProbe): void {
	checkDescription(probe);
	const { unit, higherIsBetter, capabilities } = probe.metric;
	if (unit !== undefined && unit.trim() === "") {
		probe.find("description", "has an empty unit; leave it out for a plain number");
	}
	if (typeof higherIsBetter !== "boolean") {
		probe.find("description", "does not say whether higher values are better");
	}
	if (!(Number.isInteger(capabilities.maxBatch) && capabilities.maxBatch > 0)) {
		probe.find("description", `takes batches of ${capabilities.maxBatch}`);
	}
}

async function checkResult(probe: MetricProbe, { unlike }: { readonly unlike: Value }): Promise<void> {
	for (const value of [unlike, await probe.measureOne(probe.equal)]) {
		if (value !== null && !Number.isFinite(value)) {
			probe.find("result", `gives ${value}, which is no finite number; give null where there is none`);
		}
	}
}

async function checkDirection(probe: MetricProbe, { unlike }: { readonly unlike: Value }): Promise<void> {
	const equal = await probe.measureOne(probe.equal);
	if (equal === null || unlike === null) {
		return;
	}
	const { higherIsBetter } = probe.metric;
	if (higherIsBetter ? equal < unlike : equal > unlike) {
		const better = higherIsBetter ? "higher" : "lower";
		probe.find(
			"direction",
			`says that ${better} is better, and gives ${equal} for equal pictures, ${unlike} for unlike ones`,
		);
	}
}

async function checkDeterminism(probe: MetricProbe, { unlike }: { readonly unlike: Value }): Promise<void> {
	const again = await probe.measureOne(probe.unlike);
	if (!areEqual(again, unlike)) {
		probe.find("determinism", `gives ${unlike} and then ${again} for one pair`);
	}
}

async function checkBatch(probe: MetricProbe, { unlike }: { readonly unlike: Value }): Promise<void> {
	if (probe.metric.capabilities.maxBatch < 2) {
		return;
	}
	const values = await probe.measure([probe.equal, probe.unlike]);
	const alone = [await probe.measureOne(probe.equal), unlike];
	if (values.length !== 2) {
		probe.find("batch", `gives ${values.length} values for 2 pairs`);
	} else if (!alone.every((value, index) => areEqual(values[index], value))) {
		probe.find("batch", `gives ${values.join(" and ")} in a batch where it gives ${alone.join(" and ")} alone`);
	}
}

async function checkIndependence(probe: MetricProbe, { unlike }: { readonly unlike: Value }): Promise<void> {
	const alone = await probe.measureOne(probe.equal);
	const pairs = [probe.unlike, probe.equal, probe.unlike];
	const together = await Promise.all(pairs.map((pair) => probe.measureOne(pair)));
	if (![unlike, alone, unlike].every((value, index) => areEqual(together[index], value))) {
		probe.find("independence", "gives other numbers when several calls run at the same time");
	}
}

function checkAbort(probe: MetricProbe): Promise<void> {
	const { abort = "step" } = probe.metric.capabilities;
	return checkStops(probe, (signal) => probe.measure([probe.unlike], signal), abort === "step");
}

async function checkErrors(probe: MetricProbe): Promise<void> {
	for (const { metric, code } of probe.options.failing ?? []) {
		const { original, picture } = probe.unlike;
		const failing = new MetricProbe(metric, probe.options, [original, picture]);
		await checkFailure(probe, failing, code, () => failing.measureOne(failing.unlike));
	}
}
