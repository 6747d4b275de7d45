/**
 * Batches.
 *
 * @module
 */
import { differenceOf } from "../picture.ts";
import { type Baseline, firstSeed, otherSeed, type Probe } from "../probe.ts";

export async function checkBatch(probe: Probe, { pixels }: Baseline): Promise<void> {
	const { maxBatch, batches, deterministic } = probe.capabilities;
	if (maxBatch < 2) {
		return;
	}
	const { prompt } = probe.request();
	const unlike = batches === "alike" ? {} : { prompt: `${prompt} in the rain` };
	const requests = [probe.request({ seed: otherSeed, ...unlike }), probe.request({ seed: firstSeed })];
	const results = await probe.draw(requests);
	if (results.length !== requests.length) {
		probe.find("batch", `gives ${results.length} results for ${requests.length} requests`);
		return;
	}
	if (results.some(({ seed }, index) => seed !== requests[index]?.seed)) {
		probe.find("batch", "gives the results of a batch in another order");
		return;
	}
	if (!deterministic) {
		return;
	}
	const { tolerance = 1 } = probe.options;
	const alone = [(await probe.drawOne({ seed: otherSeed, ...unlike })).pixels, pixels];
	for (const [index, single] of alone.entries()) {
		const difference = differenceOf(await probe.pixels(results[index]), single);
		if (difference > tolerance) {
			probe.find(
				"batch",
				`draws request ${index} of a batch otherwise than alone (by ${difference.toFixed(1)} of 255 levels on average)`,
			);
		}
	}
}
