/**
 * How hard the host may drive a model: declared by the plugin, overruled by the user's configuration.
 *
 * @module
 */

/** What the host keeps to for one decoder, encoder, metric or language model, so that no plugin has to. */
export interface CallLimits {
	/** Calls at the same time. Default 4 in the lane `network`; local lanes run one at a time anyway. */
	readonly concurrency?: number;
	/** Calls begun within any minute, repeated ones included. Default: as many as come. */
	readonly callsPerMinute?: number;
	/** Longest time that one call may take, in milliseconds. Default 120,000 in the lane `network`, none in local ones. */
	readonly timeoutMs?: number;
	/** How often a call that failed for a passing reason is made again. Default 2 in the lane `network`, 0 in local ones. */
	readonly retries?: number;
}

/** The limits of a decoder. */
export type DecoderLimits = CallLimits;
