/**
 * The schema is the one that is committed, and says what everything in it is.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type GraphQLArgument, isEnumType, isInputObjectType, isObjectType, printSchema } from "graphql";
import { describe, expect, test } from "vitest";
import { buildApiSchema } from "./schema.ts";

const committed = fileURLToPath(new URL("../../schema.graphql", import.meta.url));
const schema = await buildApiSchema();
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith("__"));

test("is schema.graphql", async () => {
	await expect(`${printSchema(schema)}\n`).toMatchFileSnapshot(committed);
});

test("describes every type, field, argument and value", () => {
	const silent = types.flatMap((type) => {
		const fields = isObjectType(type) || isInputObjectType(type) ? Object.values(type.getFields()) : [];
		const values = isEnumType(type) ? type.getValues() : [];
		const parts = [...fields, ...fields.flatMap((field) => ("args" in field ? field.args : [])), ...values];
		const named = parts.map(({ name, description }) => ({ name: `${type.name}.${name}`, description }));
		// The roots are described by what they hold.
		const itself = type === schema.getQueryType() || type === schema.getMutationType() ? [] : [type];
		return [...itself, ...named].filter(({ description }) => !description?.trim()).map(({ name }) => name);
	});
	expect(silent).toEqual([]);
});

/** As it stands in SDL, on one line. */
function signature({ name, args = [], type }: { name: string; args?: readonly GraphQLArgument[]; type: unknown }) {
	const list = args.map(({ name, type }) => `${name}: ${type}`).join(", ");
	return `${name}${list && `(${list})`}: ${type}`;
}

function fieldsOf(name: string): string[] {
	const type = schema.getType(name);
	if (!isObjectType(type) && !isInputObjectType(type)) {
		throw new Error(`${name} has no fields.`);
	}
	return Object.values<Parameters<typeof signature>[0]>(type.getFields()).map(signature);
}

describe("holds the names that clients are written against:", () => {
	test.each([
		[
			"Query",
			[
				"ask(text: String!, question: String!, examples: [ExampleInput!], languageModel: ID, settings: AskSettings): Answer!",
				"comparison(id: ID!): Comparison",
				"comparisons(first: Int, after: String): ComparisonConnection!",
				"decode(text: String!, decoder: ID!, settings: DecodeSettings, tokens: PromptTokensInput): Decoding!",
				"decoders: [Decoder!]!",
				"encode(picture: PictureInput!, encoder: ID, length: Int, seed: Int): DeDiffusionText!",
				"encoders: [Encoder!]!",
				"languageModels: [LanguageModel!]!",
				"metrics: [Metric!]!",
				"picture(id: ID!): Picture",
				"reconstruct(picture: PictureInput!, decoder: ID!, encoder: ID, length: Int, settings: DecodeSettings): Reconstruction!",
			],
		],
		[
			"Mutation",
			["cancelComparison(id: ID!): Comparison!", "transferPrompt(input: TransferPromptInput!): Comparison!"],
		],
		["PictureInput", ["data: Base64", "id: ID", "url: String"]],
		[
			"DecodeSettings",
			[
				"guidanceScale: Float",
				"height: Int",
				"initialImage: InitialImageInput",
				"negativePrompt: String",
				"scheduler: String",
				"seed: Int",
				"steps: Int",
				"width: Int",
			],
		],
		[
			"TransferPromptInput",
			[
				"decoders: [ID!]!",
				"guidanceScales: [Float!]",
				"seeds: [Int!]",
				"settings: DecodeSettings",
				"sources: [PromptSourceInput!]!",
			],
		],
		[
			"PromptSourceInput",
			["encoder: ID", "label: String", "original: PictureInput", "picture: PictureInput", "text: String"],
		],
		[
			"DeDiffusionText",
			[
				"ask(question: String!, examples: [ExampleInput!], languageModel: ID, settings: AskSettings): Answer!",
				"encoder: ID!",
				"picture: Picture!",
				"prefix(length: Int!): DeDiffusionText!",
				"reconstruct(decoder: ID!, settings: DecodeSettings): Reconstruction!",
				"text: String!",
				"tokenizer: ID",
				"tokens: [TextToken!]!",
				"warnings: [EncodeWarning!]!",
			],
		],
		["InitialImageInput", ["picture: PictureInput!", "strength: Float"]],
		["PromptTokensInput", ["ids: [Int!]!", "tokenizer: ID!"]],
		["TextToken", ["attention: AttentionMap", "id: Int", "score: Float", "text: String!"]],
		[
			"Decoding",
			[
				"decoder: ID!",
				"durationMs: Float!",
				"effectivePrompt: String!",
				"filteredReason: String",
				"picture: Picture",
				"seed: SafeInt!",
				"warnings: [DecodeWarning!]!",
			],
		],
		["Reconstruction", ["decoding: Decoding!", "metrics: Metrics", "original: Picture!", "text: DeDiffusionText!"]],
		["Metrics", ["further: [MetricValue!]!", "psnr: Float", "ssim: Float"]],
		[
			"Comparison",
			["cells: [ComparisonCell!]!", "createdAt: DateTime!", "id: ID!", "progress: Float!", "status: ComparisonStatus!"],
		],
		[
			"ComparisonCell",
			[
				"decoder: ID!",
				"decoding: Decoding",
				"error: CellError",
				"id: ID!",
				"metrics: Metrics",
				"settings: CellSettings!",
				"source: PromptSource!",
				"status: CellStatus!",
			],
		],
		["CellError", ["advice: String", "code: String!", "input: String", "message: String!", "retryable: Boolean"]],
		["Picture", ["dataUri: String!", "height: Int!", "id: ID!", "mediaType: String!", "url: String!", "width: Int!"]],
	])("%s", (name, fields) => {
		expect(fieldsOf(name).sort()).toEqual([...fields].sort());
	});
});
