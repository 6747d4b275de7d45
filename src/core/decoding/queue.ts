/**
 * A decoder's queue: what waits at the same time is drawn together.
 *
 * @module
 */
import DataLoader from "dataloader";
import type { DecodeProgress, DecodeRequest, DecodeResult, Decoder } from "../../plugins/index.ts";
import type { Caller } from "./caller.ts";

/** A request that waits, and who waits for it. */
export interface Job {
	readonly request: DecodeRequest;
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: ((progress: DecodeProgress) => void) | undefined;
}

export type Queue = Pick<DataLoader<Job, DecodeResult>, "load">;

/** What waits when a local decoder is free, as one in the network always is, goes to it in as few calls as it allows. */
export function queueOf({ lane, capabilities }: Decoder, caller: Caller): Queue {
	const { maxBatch, batches = "mixed" } = capabilities;
	let running: Promise<unknown> = Promise.resolve();
	const untilFree = () => (lane === "network" ? Promise.resolve() : running);
	return new DataLoader<Job, DecodeResult>(
		(jobs) => {
			const drawn = batches === "mixed" ? callFor(caller, jobs) : callsForAlike(caller, jobs, maxBatch);
			running = drawn;
			return drawn;
		},
		{
			cache: false,
			maxBatchSize: batches === "mixed" ? maxBatch : Number.POSITIVE_INFINITY,
			batchScheduleFn: (dispatch) => void untilFree().then(() => setImmediate(dispatch)),
		},
	);
}

type Outcome = DecodeResult | Error;

/** Draws jobs that agree in everything but the seed together, in groups of at most `maxBatch`. */
async function callsForAlike(caller: Caller, jobs: readonly Job[], maxBatch: number): Promise<Outcome[]> {
	const alike = Map.groupBy(jobs, ({ request: { seed: _, ...rest } }) => JSON.stringify(rest));
	const groups = [...alike.values()].flatMap((group) => chunksOf(group, maxBatch));
	const outcomes = new Map<Job, Outcome>();
	await Promise.all(
		groups.map(async (group) => {
			for (const [index, outcome] of (await callFor(caller, group)).entries()) {
				outcomes.set(group[index] as Job, outcome);
			}
		}),
	);
	return jobs.map((job) => outcomes.get(job) as Outcome);
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
	return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
		items.slice(index * size, (index + 1) * size),
	);
}

/** Draws jobs in one call. Never throws: a call that fails gives each of its jobs the error. */
async function callFor(caller: Caller, jobs: readonly Job[]): Promise<Outcome[]> {
	const onProgress = (progress: DecodeProgress) => {
		for (const [index, job] of jobs.entries()) {
			if (progress.request === undefined || progress.request === index) {
				job.onProgress?.(progress);
			}
		}
	};
	try {
		const requests = jobs.map(({ request }) => request);
		const results = await caller.generate(requests, {
			signal: allAborted(jobs.map(({ signal }) => signal)),
			onProgress,
		});
		return [...results];
	} catch (error) {
		const typed = error instanceof Error ? error : new Error(String(error));
		return jobs.map(() => typed);
	}
}

/** Aborted when nobody of the batch waits any more. */
function allAborted(signals: readonly (AbortSignal | undefined)[]): AbortSignal {
	const controller = new AbortController();
	const check = () => {
		if (signals.every((signal) => signal?.aborted)) {
			controller.abort();
		}
	};
	for (const signal of signals) {
		signal?.addEventListener("abort", check, { once: true });
	}
	check();
	return controller.signal;
}
