/**
 * Which text was drawn.
 *
 * @module
 */
import type { Baseline, Probe } from "../probe.ts";
import { isWarned } from "./result.ts";

export function checkPrompt(probe: Probe, { result }: Baseline): void {
	const { prompt } = probe.request();
	const { effectivePrompt } = result;
	if (typeof effectivePrompt !== "string" || effectivePrompt === "") {
		probe.find("prompt", "does not say which text it drew");
	} else if (effectivePrompt !== prompt && !probe.capabilities.rewritesPrompt && !isWarned(result, "prompt")) {
		probe.find("prompt", `draws ${JSON.stringify(effectivePrompt)} instead of ${JSON.stringify(prompt)}`);
	}
}

export async function checkLongPrompt(probe: Probe): Promise<void> {
	const { maxPromptTokens } = probe.capabilities;
	if (maxPromptTokens === undefined) {
		return;
	}
	const prompt = Array.from({ length: maxPromptTokens * 3 }, (_, index) => (index % 2 === 0 ? "red" : "apple")).join(
		" ",
	);
	const { result } = await probe.drawOne({ prompt });
	if (!result.warnings.some(({ type, setting }) => type === "truncated" && setting === "prompt")) {
		probe.find("truncation", `takes ${maxPromptTokens} tokens, was given three times as many, and warns of nothing`);
	}
	if (result.effectivePrompt.length >= prompt.length) {
		probe.find("truncation", "claims that it drew text which is longer than it takes");
	}
}
