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

export interface Queue<Request, Result, Progress = never> {
	/** @throws What the call throws. */
	load(job: Job<Request, Progress>): Promise<Result>;
}

/** What waits when a local model is free, as one in the network always is, goes to it in as few calls as it allows. */
export function queueOf<Request, Result, Progress extends AnyProgress = never>({
	lane,
	maxBatch,
	likeness,
	call,
}: QueueOptions<Request, Result, Progress>): Queue<Request, Result, Progress> {
	let running: Promise<unknown> = Promise.resolve();
	const untilFree = () => (lane === "network" ? Promise.resolve() : running);
	// Gives what will become of each job, not what became of all: a call that is slow must not hold back the others.
	const loader = new DataLoader<Job<Request, Progress>, Underway<Result>>(
		async (jobs) => {
			const groups = likeness === undefined ? [jobs] : groupsOf(jobs, maxBatch, likeness);
			const calls = groups.map((group) => callFor(call, group));
			running = Promise.all(calls);
			const underway = new Map(
				groups.flatMap((group, number) =>
					group.map((job, index) => [job, { outcome: outcomeOf(calls[number], index) }] as const),
				),
			);
			return jobs.map((job) => underway.get(job) as Underway<Result>);
		},
		{
			cache: false,
			maxBatchSize: likeness === undefined ? maxBatch : Number.POSITIVE_INFINITY,
			batchScheduleFn: (dispatch) => void untilFree().then(() => setImmediate(dispatch)),
		},
	);
	return {
		async load(job) {
			const { outcome } = await loader.load(job);
			const result = await outcome;
			if (result instanceof Error) {
				throw result;
			}
			return result;
		},
	};
}

/** A job whose call has begun. Never rejects, because nobody may listen yet. */
interface Underway<Result> {
	readonly outcome: Promise<Result | Error>;
}

async function outcomeOf<Result>(
	called: Promise<readonly (Result | Error)[]> | undefined,
	index: number,
): Promise<Result | Error> {
	return (await called)?.[index] as Result | Error;
}

type CallOf<Request, Result, Progress> = QueueOptions<Request, Result, Progress>["call"];

/** Jobs that are alike, in groups of at most `maxBatch`. */
function groupsOf<Request, Progress>(
	jobs: readonly Job<Request, Progress>[],
	maxBatch: number,
	likeness: (request: Request) => string,
): Job<Request, Progress>[][] {
	const alike = Map.groupBy(jobs, ({ request }) => likeness(request));
	return [...alike.values()].flatMap((group) => chunksOf(group, maxBatch));
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
