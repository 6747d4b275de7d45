/**
 * The language models of all plugins behind one door.
 *
 * @module
 */
import {
	type CallLimits,
	DeDiffusionError,
	type LanguageModel,
	type Message,
	type TextRequest,
	type TextResult,
	type TextWarning,
} from "../../plugins/index.ts";
import { Caller, type Limits } from "../calling/caller.ts";
import { checkLimits, type Plugged } from "../calling/plugins.ts";
import { checkText } from "../decoding/decoders.ts";
import { checkRange } from "../ranges.ts";
import { conversationOf, type Question } from "./conversation.ts";

/** What a language model says to a question. */
export interface Answer {
	readonly answer: string;
	readonly languageModel: string;
	/** What it was really given. */
	readonly messages: readonly Message[];
	readonly finishReason: "stop" | "length";
	readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
	readonly warnings: readonly TextWarning[];
	/** Waiting included, in milliseconds. */
	readonly durationMs: number;
}

export interface AskOptions {
	/** Whole number from 0 to 2^31 - 1. Default 0. */
	readonly seed?: number | undefined;
	/** From 0 to 2. Default 0, so that an answer can be had again. */
	readonly temperature?: number | undefined;
	/** 1 to 100,000; default: as the model decides. */
	readonly maxTokens?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface LanguageModels {
	list(): readonly LanguageModel[];
	/**
	 * Asks a model about a picture's text.
	 *
	 * @param id Default: the first one.
	 * @throws DeDiffusionError `LANGUAGE_MODEL_NOT_FOUND`, `TEXT_EMPTY`, `TEXT_TOO_LONG`, `INPUT_INVALID`, `SETTING_INVALID`,
	 * `CONTENT_FILTERED`, and what the model throws.
	 */
	ask(question: Question, id?: string, options?: AskOptions): Promise<Answer>;
	/** Resolves when a model could answer now. @throws DeDiffusionError What is missing. */
	health(id: string, signal: AbortSignal): Promise<void>;
	/** How hard a model is driven, with every default filled in. @throws DeDiffusionError `LANGUAGE_MODEL_NOT_FOUND`. */
	limits(id: string): Limits;
}

const mostExamples = 32;
const ranges = {
	seed: { min: 0, max: 2 ** 31 - 1, whole: true },
	temperature: { min: 0, max: 2, whole: false },
	maxTokens: { min: 1, max: 100_000, whole: true },
} as const;

type Setting = keyof typeof ranges;

/**
 * @param textLength Longest text, question and answer, in characters.
 * @throws DeDiffusionError `CONFIG_INVALID` if limits name no language model.
 */
export function openLanguageModels(
	{ languageModels, calling }: Pick<Plugged, "languageModels" | "calling">,
	textLength: number,
	limits: Readonly<Record<string, CallLimits>> = {},
): LanguageModels {
	const ids = languageModels.map(({ id }) => id);
	checkLimits(limits, ids, "languageModels");
	const entries = new Map(
		languageModels.map((model) => [model.id, { model, caller: new Caller(model, limits[model.id], calling) }]),
	);

	function entryOf(id: string | undefined = ids[0]) {
		const entry = id === undefined ? undefined : entries.get(id);
		if (entry === undefined) {
			throw new DeDiffusionError("LANGUAGE_MODEL_NOT_FOUND", `There is no language model ${id ?? "at all"}.`, {
				input: "languageModel",
				advice:
					ids.length > 0
						? `Choose one of ${ids.join(", ")}.`
						: "Configure a plugin that gives one, e.g. openaiChat; docs/backends.md shows how.",
			});
		}
		return entry;
	}

	return {
		list: () => languageModels,
		async ask(question, id, { signal = new AbortController().signal, ...options } = {}) {
			const { model, caller } = entryOf(id);
			checkQuestion(question, textLength);
			checkSettings(options);
			const start = performance.now();
			const messages = conversationOf(question);
			const { request, warnings } = fitTo(model, messages, options);
			const result = await caller.call({
				signal,
				span: "languageModel.generate",
				attributes: { languageModel: model.id, messages: messages.length },
				work: async (limited) => checked(await model.generate(request, { signal: limited }), model, caller),
			});
			return {
				answer: result.text.trim(),
				languageModel: model.id,
				messages,
				finishReason: result.finishReason,
				...(result.usage && { usage: result.usage }),
				warnings: [...warnings, ...result.warnings],
				durationMs: performance.now() - start,
			};
		},
		health: async (id, signal) => entryOf(id).caller.health(signal),
		limits: (id) => entryOf(id).caller.limits,
	};
}

type Written = Extract<TextResult, { status: "done" }>;

/** @throws DeDiffusionError `CONTENT_FILTERED`, or `BACKEND_PROTOCOL` for an empty text. */
function checked(result: TextResult, { name }: LanguageModel, caller: Caller): Written {
	if (result.status === "filtered") {
		throw new DeDiffusionError("CONTENT_FILTERED", `${name} gave no answer: ${caller.redacted(result.reason)}`, {
			advice: "Ask otherwise, or ask another model.",
		});
	}
	if (typeof result.text !== "string" || result.text.trim() === "") {
		throw new DeDiffusionError("BACKEND_PROTOCOL", `${name} gave an empty text.`);
	}
	return { ...result, warnings: caller.redactedAll(result.warnings) };
}

function checkQuestion({ text, question, examples = [] }: Question, longest: number): void {
	checkText(text, longest, "text");
	checkText(question, longest, "question");
	if (examples.length > mostExamples) {
		throw new DeDiffusionError("INPUT_INVALID", `There are ${examples.length} examples.`, {
			input: "examples",
			advice: `Give at most ${mostExamples}.`,
		});
	}
	for (const [index, example] of examples.entries()) {
		checkText(example.text, longest, `examples.${index}.text`);
		checkText(example.question ?? question, longest, `examples.${index}.question`);
		checkText(example.answer, longest, `examples.${index}.answer`);
	}
}

/** @throws DeDiffusionError `SETTING_INVALID`. */
function checkSettings(options: Pick<AskOptions, Setting>): void {
	for (const name of Object.keys(ranges) as Setting[]) {
		checkRange(name, options[name], ranges[name], name);
	}
}

/** Leaves out what the model does not honour, with a warning for each such setting that was given. */
function fitTo(model: LanguageModel, messages: readonly Message[], options: Pick<AskOptions, Setting>) {
	const { settings } = model.capabilities;
	const wanted = { seed: 0, temperature: 0, ...withoutGaps(options) };
	const request: TextRequest = {
		messages,
		...Object.fromEntries(Object.entries(wanted).filter(([name]) => settings.includes(name as Setting))),
	};
	const ignored = Object.keys(withoutGaps(options)).filter((name) => !settings.includes(name as Setting)) as Setting[];
	const warnings = ignored.map(
		(setting): TextWarning => ({
			type: "unsupported",
			setting,
			message: `${model.name} does not take ${setting}; it was ignored.`,
		}),
	);
	return { request, warnings };
}

function withoutGaps(options: Pick<AskOptions, Setting>): Partial<Record<Setting, number>> {
	const names = Object.keys(ranges) as Setting[];
	return Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
}
