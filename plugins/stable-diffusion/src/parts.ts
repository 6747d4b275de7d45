/**
 * What is done where the memory does not suffice for a whole group of jobs: parts of it, one after another.
 *
 * @module
 */
import { DeDiffusionError } from "dediffusion/plugin";
import type { Job } from "./plan.ts";

/** Jobs that walk in one batch. */
export interface Part {
	readonly jobs: readonly [Job, ...Job[]];
	/** Whether the U-Net predicts with the text and without it in two runs instead of in one of twice the batch. */
	readonly isApart: boolean;
}

/**
 * Walks a group whole, or in the largest parts that the memory suffices for: halves, quarters, single jobs, and those in
 * two runs for each step where they are guided.
 *
 * @returns One result for each job, in order.
 * @throws DeDiffusionError `OUT_OF_MEMORY` once there is nothing left to take apart, or what else `walk` throws.
 */
export async function walkInParts<Result>(
	part: Part,
	walk: (part: Part) => Promise<readonly Result[]>,
): Promise<readonly Result[]> {
	try {
		return await walk(part);
	} catch (error) {
		if (!DeDiffusionError.is(error) || error.code !== "OUT_OF_MEMORY") throw error;
		const smaller = partsOf(part);
		if (smaller.length === 0) throw tooLarge(error);
		const results: Result[] = [];
		for (const one of smaller) results.push(...(await walkInParts(one, walk)));
		return results;
	}
}

function partsOf({ jobs, isApart }: Part): Part[] {
	const half = Math.ceil(jobs.length / 2);
	const [[first, ...others], [middle, ...rest]] = [jobs.slice(0, half), jobs.slice(half)];
	if (first && middle)
		return [[first, ...others] as const, [middle, ...rest] as const].map((jobs) => ({ jobs, isApart }));
	return jobs[0].negative === undefined || isApart ? [] : [{ jobs, isApart: true }];
}

function tooLarge(cause: DeDiffusionError): DeDiffusionError {
	const { message, input, advice, retryable } = cause;
	return new DeDiffusionError("OUT_OF_MEMORY", `${message} Not even one picture fits.`, {
		...(input !== undefined && { input }),
		advice: `${advice} A smaller picture takes less.`,
		retryable,
		cause,
	});
}
