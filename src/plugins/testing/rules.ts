/**
 * What the contract asks of every decoder, rule by rule.
 *
 * @module
 */
import type { AnyRule } from "./inspect.ts";
import type { Baseline, Probe, RuleName } from "./probe.ts";
import { checkAbort } from "./rules/abort.ts";
import { checkBatch } from "./rules/batch.ts";
import { checkCapabilities, checkDescription } from "./rules/description.ts";
import { checkErrors, checkHealth } from "./rules/errors.ts";
import { checkDeterminism, checkIndependence, checkSeed } from "./rules/pictures.ts";
import { checkProgress } from "./rules/progress.ts";
import { checkLongPrompt, checkPrompt } from "./rules/prompt.ts";
import { checkResult } from "./rules/result.ts";
import { checkSettings, checkUndeclared } from "./rules/settings.ts";

export type Rule = AnyRule<Probe, Baseline>;

/** In the order in which they are looked at; `draws`, `rejections` and `close` have their own places in it. */
export const rules: Readonly<Record<RuleName, Rule>> = {
	draws: { meaning: "draws the check's prompt", check: () => undefined },
	description: { meaning: "has an id, a name and a lane of the forms that the API takes", check: checkDescription },
	capabilities: { meaning: "has capabilities that agree with each other", check: checkCapabilities },
	result: { meaning: "answers with its request's seed, text, warnings and size", check: checkResult },
	progress: { meaning: "reports fractions from 0 to 1 that never fall", check: checkProgress },
	prompt: { meaning: "says which text it drew, and changes none where it claims so", check: checkPrompt },
	truncation: { meaning: "warns of text that it cuts off", check: checkLongPrompt },
	determinism: { meaning: "draws equal requests equally where it claims so", check: checkDeterminism },
	seed: { meaning: "draws another picture for another seed where it honours seeds", check: checkSeed },
	settings: { meaning: "lets each setting that it lists change the picture, or warns", check: checkSettings },
	undeclared: { meaning: "honours no setting that it does not list", check: checkUndeclared },
	batch: { meaning: "draws in a batch what it draws alone, in order", check: checkBatch },
	independence: { meaning: "keeps calls apart that run at the same time", check: checkIndependence },
	abort: { meaning: "stops when told to, as soon as it says that it can", check: checkAbort },
	health: { meaning: "is healthy when it draws, and stops asking when told to", check: checkHealth },
	errors: { meaning: "throws errors with a code, the expected one where it is made to fail", check: checkErrors },
	rejections: { meaning: "leaves no promise rejected that nobody handles", check: () => undefined },
	close: { meaning: "releases everything when it is closed", check: () => undefined },
};
