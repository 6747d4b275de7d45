/**
 * The conformance kit: does a decoder keep to the contract?
 *
 * @module
 */
import type { DecodeProgress, Decoder } from "../decoder.ts";
import { inspect, requireNone } from "./inspect.ts";
import { type Baseline, type CheckOptions, type Finding, Probe } from "./probe.ts";
import { rules } from "./rules.ts";

/**
 * Calls a decoder in every way that the host may, and closes it. Belongs to no test framework.
 *
 * @example
 * test("keeps to the contract", () => checkDecoder(decoder, { settings: { steps: 2 } }));
 * @throws ConformanceError With everything that was found.
 */
export async function checkDecoder(decoder: Decoder, options: CheckOptions = {}): Promise<void> {
	requireNone(`decoder ${decoder.id}`, await findingsOf(decoder, options));
}

/** As {@link checkDecoder}, with the findings as a list that is empty when all is well. */
export async function findingsOf(decoder: Decoder, options: CheckOptions = {}): Promise<readonly Finding[]> {
	const probe = new Probe(decoder, options);
	return inspect(probe, rules, "draws", () => drawBaseline(probe));
}

/** Without a first picture there is nothing to look at. */
async function drawBaseline(probe: Probe): Promise<Baseline> {
	const progress: DecodeProgress[] = [];
	const results = await probe.draw([probe.request()], { onProgress: (now) => progress.push(now) });
	const [result] = results;
	if (result === undefined || results.length !== 1) {
		throw new Error(`gives ${results.length} results for one request`);
	}
	return { result, pixels: await probe.pixels(result), progress };
}
