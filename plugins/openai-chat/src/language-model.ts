/**
 * A model of the service as a language model.
 *
 * @module
 */
import type { LanguageModel } from "dediffusion/plugin";
import type { LanguageModelOptions } from "./options.ts";
import type { Service } from "./service.ts";

export function createLanguageModel(options: LanguageModelOptions, service: Service): LanguageModel {
	const { id, name = id, model, settings, deterministic, maxInputTokens, maxTokensField, parameters } = options;
	return {
		id,
		name,
		lane: "network",
		capabilities: { settings, deterministic, ...(maxInputTokens !== undefined && { maxInputTokens }) },
		async generate({ messages, seed, temperature, maxTokens = options.maxTokens }, { signal }) {
			const body = {
				model,
				messages: messages.map(({ role, text }) => ({ role, content: text })),
				...(seed !== undefined && { seed }),
				...(temperature !== undefined && { temperature }),
				...(maxTokens !== undefined && { [maxTokensField]: maxTokens }),
				...parameters,
			};
			const completed = await service.complete(body, signal);
			return "refusal" in completed
				? { status: "filtered", reason: completed.refusal, warnings: [] }
				: { status: "done", ...completed, warnings: [] };
		},
		health: (signal) => service.check(signal),
	};
}
