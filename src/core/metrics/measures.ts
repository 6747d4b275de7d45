/**
 * All that is measured of a reconstruction: PSNR, SSIM, and what metrics of plugins say.
 *
 * @module
 */
import { type CallLimits, DeDiffusionError, type Metric, type MetricPair } from "../../plugins/index.ts";
import { Caller, type CallerOptions, type Limits } from "../calling/caller.ts";
import { type Failure, failureOf } from "../calling/failure.ts";
import { checkLimits, type Plugged } from "../calling/plugins.ts";
import { type Queue, queueOf } from "../calling/queue.ts";
import type { Picture } from "../picture/picture.ts";
import { sourceOf } from "../picture/source.ts";
import { type Fidelity, fidelity } from "./fidelity.ts";

/** What one metric of a plugin says. */
export interface Measure {
	/** Id of the metric. */
	readonly metric: string;
	readonly name: string;
	readonly unit?: string;
	readonly higherIsBetter: boolean;
	/** Null where it is not defined, or the metric failed. */
	readonly value: number | null;
	/** Why the metric failed: that fails nothing else. */
	readonly error?: Failure;
}

export interface Measured extends Fidelity {
	/** In the order of the plugins. */
	readonly further: readonly Measure[];
}

export interface Metrics {
	/** Those of plugins. */
	list(): readonly Metric[];
	/**
	 * Measures everything. A metric that fails says so in its place.
	 *
	 * @throws DeDiffusionError `ABORTED`, `PICTURE_UNREADABLE`.
	 */
	measure(original: Picture, picture: Picture, signal?: AbortSignal): Promise<Measured>;
	/** Resolves when a metric could measure now. @throws DeDiffusionError What is missing. */
	health(id: string, signal: AbortSignal): Promise<void>;
	/** How hard a metric is driven, with every default filled in. */
	limits(id: string): Limits;
}

interface Entry {
	readonly metric: Metric;
	readonly caller: Caller;
	readonly queue: Queue<MetricPair, number | null>;
}

/** @throws DeDiffusionError `CONFIG_INVALID` if limits name no metric. */
export function openMetrics(
	{ metrics, calling }: Pick<Plugged, "metrics" | "calling">,
	limits: Readonly<Record<string, CallLimits>> = {},
): Metrics {
	checkLimits(
		limits,
		metrics.map(({ id }) => id),
		"metrics",
	);
	const entries = new Map(metrics.map((metric) => [metric.id, entryOf(metric, limits[metric.id], calling)]));
	// Whoever asks has the id from the list.
	const get = (id: string) => entries.get(id) as Entry;

	async function measureWith({ metric, queue }: Entry, pair: MetricPair, signal?: AbortSignal): Promise<Measure> {
		const { id, name, unit, higherIsBetter } = metric;
		const about = { metric: id, name, ...(unit !== undefined && { unit }), higherIsBetter };
		try {
			return { ...about, value: await queue.load({ request: pair, signal }) };
		} catch (error) {
			if (signal?.aborted) {
				throw error;
			}
			return { ...about, value: null, error: failureOf(error, `The metric ${id}`, calling.log) };
		}
	}

	return {
		list: () => metrics,
		async measure(original, picture, signal) {
			const pair = { original: sourceOf(original), picture: sourceOf(picture) };
			const [close, further] = await Promise.all([
				fidelity(original, picture),
				Promise.all([...entries.values()].map((entry) => measureWith(entry, pair, signal))),
			]);
			return { ...close, further };
		},
		health: (id, signal) => get(id).caller.health(signal),
		limits: (id) => get(id).caller.limits,
	};
}

function entryOf(metric: Metric, overrules: CallLimits | undefined, calling: CallerOptions): Entry {
	const caller = new Caller(metric, overrules, calling);
	const queue = queueOf<MetricPair, number | null>({
		lane: metric.lane,
		maxBatch: metric.capabilities.maxBatch,
		call: (pairs, { signal }) =>
			caller.call({
				signal,
				span: "metric.measure",
				attributes: { metric: metric.id, requests: pairs.length },
				async work(limited) {
					const values = await metric.measure(pairs, { signal: limited });
					caller.requireOneEach(values, pairs);
					return values.map((value) => numberOf(value, metric.id));
				},
			}),
	});
	return { metric, caller, queue };
}

/** @throws DeDiffusionError `BACKEND_PROTOCOL` for what JSON and databases cannot hold as a number. */
function numberOf(value: number | null, metric: string): number | null {
	if (value !== null && !Number.isFinite(value)) {
		throw new DeDiffusionError("BACKEND_PROTOCOL", `${metric} gave ${value}, which is no finite number.`);
	}
	return value;
}
