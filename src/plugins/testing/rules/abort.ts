/**
 * Stopping: before the first stroke, while a request is on its way, and between two reports of progress.
 *
 * @module
 */
import { type Baseline, codeOf, messageOf, otherSeed, type Probe, Unsettled } from "../probe.ts";

export async function checkAbort(probe: Probe, { progress }: Baseline): Promise<void> {
	await checkOutcome(probe, AbortSignal.abort(), "before it began", true);

	const { abort = "step", maxBatch } = probe.capabilities;
	// Who finishes the picture at hand must still not begin another.
	const mustStop = abort === "step" || (abort === "picture" && maxBatch > 1);
	const soon = new AbortController();
	setImmediate(() => soon.abort());
	await checkOutcome(probe, soon.signal, "right after it was called", mustStop);

	if (progress.some(({ fraction }) => fraction < 1)) {
		const reported = new AbortController();
		let further = 0;
		await checkOutcome(probe, reported.signal, "when it first reported progress", mustStop, () => {
			further += reported.signal.aborted ? 1 : 0;
			reported.abort();
		});
		if (abort === "step" && further > 1) {
			probe.find("abort", `goes on for ${further} reports of progress after it was told to stop`);
		}
	}
}

async function checkOutcome(
	probe: Probe,
	signal: AbortSignal,
	when: string,
	mustStop: boolean,
	onProgress: () => void = () => undefined,
): Promise<void> {
	const { abort = "step", maxBatch } = probe.capabilities;
	const pair = [probe.request(), probe.request({ seed: otherSeed })];
	const requests = abort === "picture" && maxBatch > 1 ? pair : pair.slice(0, 1);
	let wasAborted = false;
	try {
		await probe.draw(requests, { signal, onProgress }).finally(() => {
			wasAborted = signal.aborted;
		});
		if (wasAborted && mustStop) {
			probe.find("abort", `draws on though it was told to stop ${when}`);
		}
	} catch (error) {
		if (error instanceof Unsettled) {
			probe.find("abort", `${error.message} after it was told to stop ${when}`);
		} else if (codeOf(error) !== "ABORTED") {
			probe.find("abort", `fails with ${codeOf(error) ?? messageOf(error)} when it is told to stop ${when}`);
		}
	}
}
