/**
 * What every resolver is given.
 *
 * @module
 */
import type { Engine } from "../core/engine.ts";

export interface Context {
	readonly engine: Engine;
	/** Aborted when the client hangs up. */
	readonly signal: AbortSignal;
}
