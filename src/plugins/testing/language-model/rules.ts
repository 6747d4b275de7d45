/**
 * What the contract asks of every language model, rule by rule.
 *
 * @module
 */
import type { AnyRule } from "../inspect.ts";
import { checkDescription } from "../rules/description.ts";
import { checkFailure, checkHealth } from "../rules/errors.ts";
import { checkStops } from "../rules/stop.ts";
import { LanguageModelProbe, type LanguageModelRuleName, type Written } from "./probe.ts";

export type LanguageModelRule = AnyRule<LanguageModelProbe, Written>;

/** In the order in which they are looked at. */
export const languageModelRules: Readonly<Record<LanguageModelRuleName, LanguageModelRule>> = {
	writes: { meaning: "answers the check's question", check: () => undefined },
	description: { meaning: "has an id, a name and a lane of the forms that the API takes", check: checkDescription },
	capabilities: { meaning: "has capabilities that agree with each other", check: checkCapabilities },
	result: { meaning: "says why its text ends, counts whole tokens, and warns with words", check: checkResult },
	hearing: { meaning: "answers something else when it is asked something else", check: checkHearing },
	determinism: { meaning: "writes the same to equal requests where it claims so", check: checkDeterminism },
	length: { meaning: "stops after maxTokens where it honours that, and says so", check: checkLength },
	independence: { meaning: "keeps calls apart that run at the same time", check: checkIndependence },
	abort: { meaning: "stops when told to, as soon as it says that it can", check: checkAbort },
	health: { meaning: "is healthy when it writes, and stops asking when told to", check: checkHealth },
	errors: { meaning: "throws errors with a code, the expected one where it is made to fail", check: checkErrors },
	rejections: { meaning: "leaves no promise rejected that nobody handles", check: () => undefined },
	close: { meaning: "releases everything when it is closed", check: () => undefined },
};

function checkCapabilities(probe: LanguageModelProbe): void {
	const { settings, maxInputTokens } = probe.model.capabilities;
	const unknown = settings.filter((name) => !["seed", "temperature", "maxTokens"].includes(name));
	if (unknown.length > 0) {
		probe.find("capabilities", `lists settings that there are not: ${unknown.join(", ")}`);
	}
	if (new Set(settings).size !== settings.length) {
		probe.find("capabilities", "lists a setting twice");
	}
	if (maxInputTokens !== undefined && !(Number.isInteger(maxInputTokens) && maxInputTokens > 0)) {
		probe.find("capabilities", `reads at most ${maxInputTokens} tokens`);
	}
}

function checkResult(probe: LanguageModelProbe, { finishReason, usage, warnings }: Written): void {
	if (!["stop", "length"].includes(finishReason)) {
		probe.find(
			"result",
			`ends its text for the reason ${JSON.stringify(finishReason)}, which is neither stop nor length`,
		);
	}
	const counts = usage === undefined ? [] : [usage.inputTokens, usage.outputTokens];
	if (!counts.every((count) => Number.isInteger(count) && count >= 0)) {
		probe.find("result", `counts ${counts.join(" and ")} tokens`);
	}
	if (warnings.some(({ message }) => typeof message !== "string" || message.trim() === "")) {
		probe.find("result", "gives a warning without words");
	}
}

async function checkHearing(probe: LanguageModelProbe, { text }: Written): Promise<void> {
	const other = await probe.write(probe.questions[1]);
	if (other.text === text) {
		probe.find("hearing", `answers ${JSON.stringify(text)} to two questions that have nothing in common`);
	}
}

async function checkDeterminism(probe: LanguageModelProbe, { text }: Written): Promise<void> {
	if (probe.model.capabilities.deterministic && (await probe.write(probe.questions[0])).text !== text) {
		probe.find("determinism", "writes two texts for two equal requests");
	}
}

async function checkLength(probe: LanguageModelProbe, { text: whole }: Written): Promise<void> {
	if (!probe.model.capabilities.settings.includes("maxTokens") || whole.trim().split(/\s+/).length < 2) {
		return;
	}
	const { text, finishReason } = await probe.write(probe.questions[0], { maxTokens: 1 });
	if (text.trim().split(/\s+/).length > 1) {
		probe.find("length", `writes ${JSON.stringify(text)} where one token was allowed`);
	} else if (finishReason !== "length") {
		probe.find("length", "does not say that it stopped after maxTokens");
	}
}

async function checkIndependence(probe: LanguageModelProbe, { text }: Written): Promise<void> {
	const [question, otherQuestion] = probe.questions;
	const asked = [question, otherQuestion, question].map((one) => probe.write(one));
	const [one, other, again] = (await Promise.all(asked)) as [Written, Written, Written];
	const { deterministic } = probe.model.capabilities;
	if (deterministic && (one.text !== text || again.text !== text || other.text === text)) {
		probe.find("independence", "writes other texts when several calls run at the same time");
	}
}

function checkAbort(probe: LanguageModelProbe): Promise<void> {
	const { abort = "step" } = probe.model.capabilities;
	return checkStops(probe, (signal) => probe.write(probe.questions[0], {}, signal), abort === "step");
}

async function checkErrors(probe: LanguageModelProbe): Promise<void> {
	for (const { languageModel, code } of probe.options.failing ?? []) {
		const failing = new LanguageModelProbe(languageModel, probe.options);
		await checkFailure(probe, failing, code, () => failing.write(failing.questions[0]));
	}
}
