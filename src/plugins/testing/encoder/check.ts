/**
 * The conformance kit: does an encoder keep to the contract?
 *
 * @module
 */
import type { Encoder } from "../../encoder.ts";
import type { Finding } from "../call-probe.ts";
import { inspect, requireNone } from "../inspect.ts";
import { unlikePictures } from "../source.ts";
import { type EncoderCheckOptions, EncoderProbe, type EncoderRuleName } from "./probe.ts";
import { encoderRules } from "./rules.ts";

/**
 * Calls an encoder in every way that the host may, and closes it. Belongs to no test framework.
 *
 * @example
 * test("keeps to the contract", () => checkEncoder(captioner));
 * @throws ConformanceError With everything that was found.
 */
export async function checkEncoder(encoder: Encoder, options: EncoderCheckOptions = {}): Promise<void> {
	requireNone(`encoder ${encoder.id}`, await encoderFindingsOf(encoder, options));
}

/** As {@link checkEncoder}, with the findings as a list that is empty when all is well. */
export async function encoderFindingsOf(
	encoder: Encoder,
	options: EncoderCheckOptions = {},
): Promise<readonly Finding<EncoderRuleName>[]> {
	const probe = new EncoderProbe(encoder, options, options.pictures ?? (await unlikePictures()));
	return inspect(probe, encoderRules, "writes", () => probe.writeOne());
}
