/**
 * A model's queue: what waits at the same time goes to it together.
 *
 * @module
 */
import DataLoader from "dataloader";
import type { Lane } from "../../plugins/index.ts";

/** A request that waits, and who waits for it. */
export interface Job<Request, Progress> {
	readonly request: Request;
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a call is lent. */
export interface BatchContext<Progress> {
	/** Aborted when nobody of the batch waits any more. */
	readonly signal: AbortSignal;
	readonly onProgress: (progress: Progress) => void;
}

export interface QueueOptions<Request, Result, Progress> {
	readonly lane: Lane;
	/** Most requests in one call. */
	readonly maxBatch: number;
	/** Requests go together only where this says the same of them. Default: any do. */
	readonly likeness?: ((request: Request) => string) | undefined;
	/** One call: a result for each request, in order. */
	readonly call: (requests: readonly Request[], context: BatchContext<Progress>) => Promise<readonly Result[]>;
}

/** What may be told of one request of a batch, or of all of it. */
interface AnyProgress {
	readonly request?: number;
}

export type Queue<Request, Result, Progress = never> = Pick<DataLoader<Job<Request, Progress>, Result>, "load">;

/** What waits when a local model is free, as one in the network always is, goes to it in as few calls as it allows. */
export function queueOf<Request, Result, Progress extends AnyProgress = never>({
	lane,
	maxBatch,
	likeness,
	call,
}: QueueOptions<Request, Result, Progress>): Queue<Request, Result, Progress> {
	let running: Promise<unknown> = Promise.resolve();
	const untilFree = () => (lane === "network" ? Promise.resolve() : running);
	return new DataLoader<Job<Request, Progress>, Result>(
		(jobs) => {
			const results = likeness === undefined ? callFor(call, jobs) : callsForAlike(call, jobs, maxBatch, likeness);
			running = results;
			return results;
		},
		{
			cache: false,
			maxBatchSize: likeness === undefined ? maxBatch : Number.POSITIVE_INFINITY,
			batchScheduleFn: (dispatch) => void untilFree().then(() => setImmediate(dispatch)),
		},
	);
}

type CallOf<Request, Result, Progress> = QueueOptions<Request, Result, Progress>["call"];

/** Sends jobs that are alike together, in groups of at most `maxBatch`. */
async function callsForAlike<Request, Result, Progress extends AnyProgress>(
	call: CallOf<Request, Result, Progress>,
	jobs: readonly Job<Request, Progress>[],
	maxBatch: number,
	likeness: (request: Request) => string,
): Promise<(Result | Error)[]> {
	const alike = Map.groupBy(jobs, ({ request }) => likeness(request));
	const groups = [...alike.values()].flatMap((group) => chunksOf(group, maxBatch));
	const outcomes = new Map<Job<Request, Progress>, Result | Error>();
	await Promise.all(
		groups.map(async (group) => {
			for (const [index, outcome] of (await callFor(call, group)).entries()) {
				outcomes.set(group[index] as Job<Request, Progress>, outcome);
			}
		}),
	);
	return jobs.map((job) => outcomes.get(job) as Result | Error);
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
	return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
		items.slice(index * size, (index + 1) * size),
	);
}

/** Sends jobs in one call. Never throws: a call that fails gives each of its jobs the error. */
async function callFor<Request, Result, Progress extends AnyProgress>(
	call: CallOf<Request, Result, Progress>,
	jobs: readonly Job<Request, Progress>[],
): Promise<(Result | Error)[]> {
	const onProgress = (progress: Progress) => {
		for (const [index, job] of jobs.entries()) {
			if (progress.request === undefined || progress.request === index) {
				job.onProgress?.(progress);
			}
		}
	};
	try {
		const requests = jobs.map(({ request }) => request);
		const signal = allAborted(jobs.map(({ signal }) => signal));
		return [...(await call(requests, { signal, onProgress }))];
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
