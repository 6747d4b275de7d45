/**
 * A language model under test.
 *
 * @module
 */
import type { ErrorCode } from "../../error-codes.ts";
import type { LanguageModel, TextRequest, TextResult } from "../../language-model.ts";
import { type CallOptions, CallProbe, type SharedRuleName } from "../call-probe.ts";

/** What the contract asks for; the meaning of each is in `languageModelRules`. */
export type LanguageModelRuleName =
	| "writes"
	| SharedRuleName
	| "capabilities"
	| "result"
	| "hearing"
	| "determinism"
	| "length"
	| "independence";

export interface LanguageModelCheckOptions extends CallOptions<LanguageModelRuleName> {
	/** Two questions with different answers. Default: of the colours of a tomato and of the sea. */
	readonly questions?: readonly [string, string];
	/** Language models that are made to fail, e.g. with a wrong key, and the code that each must fail with. */
	readonly failing?: readonly { readonly languageModel: LanguageModel; readonly code: ErrorCode }[];
}

export type Written = Extract<TextResult, { status: "done" }>;

const defaultQuestions = ["Name the colour of a ripe tomato.", "Name the colour of the deep sea."] as const;

export class LanguageModelProbe extends CallProbe<LanguageModelRuleName> {
	readonly model: LanguageModel;
	readonly options: LanguageModelCheckOptions;
	readonly questions: readonly [string, string];

	constructor(model: LanguageModel, options: LanguageModelCheckOptions) {
		super(model, options);
		this.model = model;
		this.options = options;
		this.questions = options.questions ?? defaultQuestions;
	}

	/** Asks; at temperature 0 and with seed 0 where that can be had. @throws What the model throws, or an error for its author. */
	async write(
		question: string,
		changes: Partial<TextRequest> = {},
		signal: AbortSignal = new AbortController().signal,
	): Promise<Written> {
		const { settings } = this.model.capabilities;
		const request: TextRequest = {
			messages: [
				{ role: "system", text: "Answer in one short sentence." },
				{ role: "user", text: question },
			],
			...(settings.includes("temperature") && { temperature: 0 }),
			...(settings.includes("seed") && { seed: 0 }),
			...changes,
		};
		const result = await this.call(() => this.model.generate(request, { signal }));
		if (result.status === "filtered") {
			throw new Error(`gives no answer to the check's question (${result.reason}); give others as options.questions`);
		}
		if (typeof result.text !== "string" || result.text.trim() === "") {
			throw new Error("writes an empty text");
		}
		return result;
	}
}
