/**
 * Pictures that must be equal, and pictures that must differ.
 *
 * @module
 */
import { differenceOf } from "../picture.ts";
import { type Baseline, firstSeed, otherSeed, type Probe } from "../probe.ts";

export async function checkDeterminism(probe: Probe, { pixels }: Baseline): Promise<void> {
	if (!probe.capabilities.deterministic) {
		return;
	}
	const again = await probe.drawOne();
	if (differenceOf(pixels, again.pixels) > 0) {
		probe.find("determinism", "claims to be deterministic and draws two pictures of one request");
	}
}

export async function checkSeed(probe: Probe, { pixels }: Baseline): Promise<void> {
	if (!probe.capabilities.settings.includes("seed")) {
		return;
	}
	const other = await probe.drawOne({ seed: otherSeed });
	if (differenceOf(pixels, other.pixels) === 0) {
		probe.find("seed", "claims to honour seeds and draws one picture for two of them");
	}
}

/** Only decoders in the network are called while they draw. */
export async function checkIndependence(probe: Probe, { pixels }: Baseline): Promise<void> {
	if (probe.decoder.lane !== "network") {
		return;
	}
	const [one, other] = await Promise.all([firstSeed, otherSeed].map((seed) => probe.drawOne({ seed })));
	if (one?.result.seed !== firstSeed || other?.result.seed !== otherSeed) {
		probe.find("independence", "mixes up the results of two calls that run at the same time");
	} else if (probe.capabilities.deterministic && differenceOf(pixels, one.pixels) > 0) {
		probe.find("independence", "draws another picture while a second call runs");
	}
}
