/**
 * The order in which the cells of a comparison are drawn.
 *
 * @module
 */
import type { Decoder, Lane } from "../../plugins/index.ts";
import type { CellRecord } from "../store/records.ts";

/** Batches that one network decoder is asked for at the same time. */
const networkBatches = 4;

/** The cells of one decoder, and how many of them may be on their way at once. */
export interface LaneRun {
	readonly lane: Lane;
	readonly cells: readonly CellRecord[];
	readonly atOnce: number;
}

/**
 * Groups unfinished cells by decoder, so that a local device holds one model at a time and loads none of them twice.
 *
 * @param decoderOf Undefined for a decoder that is no longer there; its cells are tried, and fail, one by one.
 */
export function laneRuns(cells: readonly CellRecord[], decoderOf: (id: string) => Decoder | undefined): LaneRun[] {
	const unfinished = cells.filter(({ status }) => status === "pending" || status === "running");
	return [...Map.groupBy(unfinished, ({ decoder }) => decoder)].map(([id, group]) => {
		const decoder = decoderOf(id);
		const lane = decoder?.lane ?? "network";
		const batch = decoder?.capabilities.maxBatch ?? 1;
		return { lane, cells: group, atOnce: lane === "network" ? batch * networkBatches : batch };
	});
}

/** Runs an action on each item, at most `atOnce` of them at the same time; stops handing out items when told to. */
export async function forEachAtOnce<Item>(
	items: readonly Item[],
	atOnce: number,
	action: (item: Item) => Promise<void>,
	isStopped: () => boolean,
): Promise<void> {
	const waiting = items.values();
	const work = async () => {
		for (const item of waiting) {
			if (isStopped()) {
				return;
			}
			await action(item);
		}
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
}
