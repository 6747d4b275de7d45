/**
 * Questions about texts of pictures, answered by language models.
 *
 * @module
 */
import type { ComplexityEstimator } from "graphql-query-complexity/cjs";
import { Arg, Ctx, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import type { Example } from "../core/language/conversation.ts";
import type { Answer as EngineAnswer } from "../core/language/language-models.ts";
import { DeDiffusionError, type LanguageModel as PluginModel, type TextSettingName } from "../plugins/index.ts";
import { CallLimits, Health } from "../schema/calling.ts";
import { Answer, AskSettings, ExampleInput, LanguageModel } from "../schema/language-model.ts";
import { DeDiffusionText } from "../schema/text.ts";
import type { Context } from "./context.ts";
import { healthOf } from "./health.ts";
import { cost } from "./limits.ts";
import { given } from "./settings.ts";
import { type EncodedPicture, encodePicture } from "./text.ts";

const questionArgument = {
	description: 'About the picture, or what to make of its text, e.g. "Describe the picture in one sentence."',
};
const examplesArgument = { nullable: true, description: "How it was answered of other pictures, at most 32." };
const modelArgument = { nullable: true, description: "Id of the language model; default: the first one." };
const settingsArgument = { nullable: true, description: "How to answer; default: the same answer each time." };

/** Pictures of examples are encoded first. */
const askCost: ComplexityEstimator = ({ args, childComplexity }) => {
	const examples: readonly ExampleInput[] = args.examples ?? [];
	const pictures = examples.filter(({ picture }) => picture !== undefined && picture !== null).length;
	return cost.ask + pictures * cost.encode + childComplexity;
};

interface AskArguments {
	readonly text: string;
	readonly question: string;
	readonly examples: readonly ExampleInput[] | null | undefined;
	/** For pictures of examples. */
	readonly encoder?: string;
	readonly languageModel: string | null | undefined;
	readonly settings: AskSettings | null | undefined;
}

async function ask(context: Context, { examples, encoder, languageModel, settings, ...asked }: AskArguments) {
	const read = await Promise.all(
		(examples ?? []).map((example, index) => readExample(context, example, index, encoder)),
	);
	const question = { ...asked, examples: read };
	const options = { ...given(settings), signal: context.signal };
	return context.engine.languageModels.ask(question, languageModel ?? undefined, options);
}

async function readExample(
	context: Context,
	{ picture, text, question, answer }: ExampleInput,
	index: number,
	encoder: string | undefined,
): Promise<Example> {
	const input = `examples.${index}`;
	if ((picture ?? undefined) === undefined && (text ?? undefined) === undefined) {
		throw new DeDiffusionError("INPUT_INVALID", "An example needs a picture or a text.", { input });
	}
	if (picture && text) {
		throw new DeDiffusionError("INPUT_INVALID", "An example needs a picture or a text, and not both.", { input });
	}
	const read = picture ? (await encodePicture(context, picture, { encoder, length: undefined })).text : (text ?? "");
	return { text: read, question: question ?? undefined, answer };
}

@Resolver(() => DeDiffusionText)
export class TextAskingResolver {
	@Query(() => Answer, {
		complexity: askCost,
		description: "Asks a language model about a text. It sees the text alone, never the picture.",
	})
	ask(
		@Arg("text", () => String, { description: "What an encoder says of a picture, or your own text." }) text: string,
		@Arg("question", () => String, questionArgument) question: string,
		@Arg("examples", () => [ExampleInput], examplesArgument) examples: ExampleInput[] | null | undefined,
		@Arg("languageModel", () => ID, modelArgument) languageModel: string | null | undefined,
		@Arg("settings", () => AskSettings, settingsArgument) settings: AskSettings | null | undefined,
		@Ctx() context: Context,
	): Promise<EngineAnswer> {
		return ask(context, { text, question, examples, languageModel, settings });
	}

	@FieldResolver(() => Answer, {
		name: "ask",
		complexity: askCost,
		description:
			"Asks a language model about this text. It sees the text alone, never the picture; pictures of examples are encoded by the same encoder.",
	})
	askAbout(
		@Root() { text, encoder }: EncodedPicture,
		@Arg("question", () => String, questionArgument) question: string,
		@Arg("examples", () => [ExampleInput], examplesArgument) examples: ExampleInput[] | null | undefined,
		@Arg("languageModel", () => ID, modelArgument) languageModel: string | null | undefined,
		@Arg("settings", () => AskSettings, settingsArgument) settings: AskSettings | null | undefined,
		@Ctx() context: Context,
	): Promise<EngineAnswer> {
		return ask(context, { text, encoder, question, examples, languageModel, settings });
	}
}

@Resolver(() => Answer)
export class AnswerResolver {
	@FieldResolver()
	inputTokens(@Root() { usage }: EngineAnswer): number | null {
		return usage?.inputTokens ?? null;
	}

	@FieldResolver()
	outputTokens(@Root() { usage }: EngineAnswer): number | null {
		return usage?.outputTokens ?? null;
	}
}

@Resolver(() => LanguageModel)
export class LanguageModelResolver {
	@Query(() => [LanguageModel], { description: "The language models; the first one is used where none is named." })
	languageModels(@Ctx() { engine }: Context): readonly PluginModel[] {
		return engine.languageModels.list();
	}

	@FieldResolver()
	settings(@Root() { capabilities }: PluginModel): readonly TextSettingName[] {
		return capabilities.settings;
	}

	@FieldResolver()
	deterministic(@Root() { capabilities }: PluginModel): boolean {
		return capabilities.deterministic;
	}

	@FieldResolver()
	maxInputTokens(@Root() { capabilities }: PluginModel): number | undefined {
		return capabilities.maxInputTokens;
	}

	@FieldResolver()
	limits(@Root() { id }: PluginModel, @Ctx() { engine }: Context): CallLimits {
		return engine.languageModels.limits(id);
	}

	@FieldResolver({ complexity: ({ childComplexity }) => cost.health + childComplexity })
	health(@Root() { id }: PluginModel, @Ctx() { engine, signal }: Context): Promise<Health> {
		return healthOf(() => engine.languageModels.health(id, signal));
	}
}
