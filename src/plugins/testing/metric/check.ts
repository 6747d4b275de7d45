/**
 * The conformance kit: does a metric keep to the contract?
 *
 * @module
 */
import type { Metric } from "../../metric.ts";
import type { Finding } from "../call-probe.ts";
import { inspect, requireNone } from "../inspect.ts";
import { unlikePictures } from "../source.ts";
import { type MetricCheckOptions, MetricProbe, type MetricRuleName } from "./probe.ts";
import { metricRules } from "./rules.ts";

/**
 * Calls a metric in every way that the host may, and closes it. Belongs to no test framework.
 *
 * @example
 * test("keeps to the contract", () => checkMetric(lpips));
 * @throws ConformanceError With everything that was found.
 */
export async function checkMetric(metric: Metric, options: MetricCheckOptions = {}): Promise<void> {
	requireNone(`metric ${metric.id}`, await metricFindingsOf(metric, options));
}

/** As {@link checkMetric}, with the findings as a list that is empty when all is well. */
export async function metricFindingsOf(
	metric: Metric,
	options: MetricCheckOptions = {},
): Promise<readonly Finding<MetricRuleName>[]> {
	const probe = new MetricProbe(metric, options, options.pictures ?? (await unlikePictures()));
	return inspect(probe, metricRules, "measures", async () => ({ unlike: await probe.measureOne(probe.unlike) }));
}
