/**
 * The contract of a metric: anything that says in a number how close a picture comes to its original.
 *
 * @module
 */
import type { AbortGranularity, Lane } from "./decoder.ts";
import type { CallContext } from "./encoder.ts";
import type { CallLimits } from "./limits.ts";
import type { SourcePicture } from "./picture.ts";

/** Two pictures, of any sizes. */
export interface MetricPair {
	readonly original: SourcePicture;
	/** What was drawn of the original's text. */
	readonly picture: SourcePicture;
}

/** What a metric can do. */
export interface MetricCapabilities {
	/** Most pairs that one call of `measure` takes; the host splits what is more. */
	readonly maxBatch: number;
	/** Default `step`: within a request to a service. */
	readonly abort?: AbortGranularity;
}

/** A measure of likeness, shown beside PSNR and SSIM. */
export interface Metric {
	/** Stable and unique among the metrics of one server, e.g. `lpips`; lower-case letters, digits, `-`, `_`, `.` and `/`. */
	readonly id: string;
	/** For people, short enough for a table, e.g. `LPIPS`. */
	readonly name: string;
	/** Of its values, e.g. `dB`; undefined for a plain number. */
	readonly unit?: string;
	/** Whether a larger value means a closer picture. */
	readonly higherIsBetter: boolean;
	readonly lane: Lane;
	readonly capabilities: MetricCapabilities;
	/** What the host keeps to; a user's configuration overrules it. */
	readonly limits?: CallLimits;
	/**
	 * Measures a batch: one finite number for each pair, in the same order, or null for a pair that the metric is not
	 * defined for. Equal pairs have equal numbers. The host repeats it when it fails with an error that is `retryable`.
	 *
	 * @throws DeDiffusionError with a `BACKEND_*`, `INFERENCE_*`, `MODEL_*` or `ABORTED` code. It fails the whole batch.
	 */
	measure(pairs: readonly MetricPair[], context: CallContext): Promise<readonly (number | null)[]>;
	/** Resolves when it could measure now; throws a DeDiffusionError that says what is missing. */
	health?(signal: AbortSignal): Promise<void>;
	/** Releases everything. Called once, at shutdown, after the last `measure`. */
	close?(): Promise<void>;
}
