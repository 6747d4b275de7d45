/**
 * The conformance kit: does a language model keep to the contract?
 *
 * @module
 */
import type { LanguageModel } from "../../language-model.ts";
import type { Finding } from "../call-probe.ts";
import { inspect, requireNone } from "../inspect.ts";
import { type LanguageModelCheckOptions, LanguageModelProbe, type LanguageModelRuleName } from "./probe.ts";
import { languageModelRules } from "./rules.ts";

/**
 * Calls a language model in every way that the host may, and closes it. Belongs to no test framework.
 *
 * @example
 * test("keeps to the contract", () => checkLanguageModel(model));
 * @throws ConformanceError With everything that was found.
 */
export async function checkLanguageModel(model: LanguageModel, options: LanguageModelCheckOptions = {}): Promise<void> {
	requireNone(`language model ${model.id}`, await languageModelFindingsOf(model, options));
}

/** As {@link checkLanguageModel}, with the findings as a list that is empty when all is well. */
export async function languageModelFindingsOf(
	model: LanguageModel,
	options: LanguageModelCheckOptions = {},
): Promise<readonly Finding<LanguageModelRuleName>[]> {
	const probe = new LanguageModelProbe(model, options);
	return inspect(probe, languageModelRules, "writes", () => probe.write(probe.questions[0]));
}
