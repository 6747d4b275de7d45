/**
 * Stopping, of whatever reports no progress: before it begins, and while it is at work.
 *
 * @module
 */
import { type CallProbe, codeOf, messageOf, Unsettled } from "../call-probe.ts";

/**
 * @param call One call, through the probe.
 * @param mustStop Whether it may not finish once it is told to stop.
 */
export async function checkStops(
	probe: CallProbe,
	call: (signal: AbortSignal) => Promise<unknown>,
	mustStop: boolean,
): Promise<void> {
	await checkOutcome(probe, () => call(AbortSignal.abort()), "before it began", true);
	const soon = new AbortController();
	let wasAborted = false;
	setImmediate(() => soon.abort());
	const called = () =>
		call(soon.signal).finally(() => {
			wasAborted = soon.signal.aborted;
		});
	await checkOutcome(probe, called, "right after it was called", () => mustStop && wasAborted);
}

async function checkOutcome(
	probe: CallProbe,
	call: () => Promise<unknown>,
	when: string,
	mustStop: boolean | (() => boolean),
): Promise<void> {
	try {
		await call();
		if (typeof mustStop === "function" ? mustStop() : mustStop) {
			probe.find("abort", `goes on though it was told to stop ${when}`);
		}
	} catch (error) {
		if (error instanceof Unsettled) {
			probe.find("abort", `${error.message} after it was told to stop ${when}`);
		} else if (codeOf(error) !== "ABORTED") {
			probe.find("abort", `fails with ${codeOf(error) ?? messageOf(error)} when it is told to stop ${when}`);
		}
	}
}
