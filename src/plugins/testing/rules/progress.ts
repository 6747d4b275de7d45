/**
 * Progress on the way to a picture.
 *
 * @module
 */
import type { Baseline, Probe } from "../probe.ts";

export function checkProgress(probe: Probe, { progress }: Baseline): void {
	let last = 0;
	for (const { fraction, request = 0 } of progress) {
		if (!(fraction >= 0 && fraction <= 1)) {
			probe.find("progress", `reports a fraction of ${fraction}`);
		}
		if (fraction < last) {
			probe.find("progress", `reports ${fraction} after ${last}`);
		}
		if (request !== 0) {
			probe.find("progress", `reports progress of request ${request} in a batch of one`);
		}
		last = fraction;
	}
}
