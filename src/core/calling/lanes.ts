/**
 * Lanes: decoders of one local device take turns, so that it holds one model at a time; network decoders never wait.
 *
 * @module
 */
import { DeDiffusionError, type Lane } from "../../plugins/index.ts";

export class Lanes {
	readonly #tails = new Map<Lane, Promise<unknown>>();

	/**
	 * Runs an action when the lane is free.
	 *
	 * @throws DeDiffusionError `ABORTED` if nobody waits any more when its turn comes.
	 */
	async enter<Result>(lane: Lane, signal: AbortSignal, action: () => Promise<Result>): Promise<Result> {
		const guarded = async () => {
			if (signal.aborted) {
				throw new DeDiffusionError("ABORTED", "The request was given up before its turn came.");
			}
			return action();
		};
		if (lane === "network") {
			return guarded();
		}
		const turn = (this.#tails.get(lane) ?? Promise.resolve()).then(guarded);
		this.#tails.set(
			lane,
			turn.catch(() => undefined),
		);
		return turn;
	}
}
