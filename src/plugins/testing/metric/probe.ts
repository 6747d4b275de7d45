/**
 * A metric under test.
 *
 * @module
 */
import type { ErrorCode } from "../../error-codes.ts";
import type { Metric, MetricPair } from "../../metric.ts";
import type { SourcePicture } from "../../picture.ts";
import { type CallOptions, CallProbe, type SharedRuleName } from "../call-probe.ts";

/** What the contract asks for; the meaning of each is in `metricRules`. */
export type MetricRuleName =
	| "measures"
	| SharedRuleName
	| "result"
	| "direction"
	| "determinism"
	| "batch"
	| "independence";

export interface MetricCheckOptions extends CallOptions<MetricRuleName> {
	/** Two pictures that have nothing in common, of different sizes. Default: a red disc, and blue stripes. */
	readonly pictures?: readonly [SourcePicture, SourcePicture];
	/** Metrics that are made to fail, e.g. with a wrong key, and the code that each must fail with. */
	readonly failing?: readonly { readonly metric: Metric; readonly code: ErrorCode }[];
}

export type Value = number | null;

export class MetricProbe extends CallProbe<MetricRuleName> {
	readonly metric: Metric;
	readonly options: MetricCheckOptions;
	/** Two unlike pictures. */
	readonly unlike: MetricPair;
	/** A picture and itself. */
	readonly equal: MetricPair;

	constructor(
		metric: Metric,
		options: MetricCheckOptions,
		[original, picture]: readonly [SourcePicture, SourcePicture],
	) {
		super(metric, options);
		this.metric = metric;
		this.options = options;
		this.unlike = { original, picture };
		this.equal = { original, picture: original };
	}

	async measure(
		pairs: readonly MetricPair[],
		signal: AbortSignal = new AbortController().signal,
	): Promise<readonly Value[]> {
		return this.call(() => this.metric.measure(pairs, { signal }));
	}

	/** The number of one pair. @throws What the metric throws, or an error for its author if there is no number. */
	async measureOne(pair: MetricPair): Promise<Value> {
		const values = await this.measure([pair]);
		const [value] = values;
		if (values.length !== 1 || value === undefined) {
			throw new Error(`gives ${values.length} values for one pair`);
		}
		return value;
	}
}
