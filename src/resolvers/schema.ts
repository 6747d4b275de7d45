/**
 * The whole schema, built from the resolvers.
 *
 * @module
 */
import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { buildSchema, getMetadataStorage } from "type-graphql";
import {
	CellSettingsResolver,
	ComparisonCellResolver,
	ComparisonResolver,
	PromptSourceResolver,
} from "./comparison.ts";
import { DecoderCapabilitiesResolver, DecoderResolver, DecodingResolver, TextDecodingResolver } from "./decoding.ts";
import { AnswerResolver, LanguageModelResolver, TextAskingResolver } from "./language.ts";
import { MetricResolver, MetricsResolver } from "./metric.ts";
import { PictureResolver } from "./picture.ts";
import { EncoderResolver, TextResolver } from "./text.ts";

/** Builds the schema that `schema.graphql` is printed from. */
export function buildApiSchema(): Promise<GraphQLSchema> {
	// Decorators of parameters are evaluated from the last to the first; arguments are shown as they are written.
	const metadata = getMetadataStorage();
	metadata.params.sort((one, other) => one.index - other.index);
	// Fields that are only read need no resolver of their own, which would be called for each token of each text.
	for (const type of metadata.objectTypes) {
		type.simpleResolvers = true;
	}
	return buildSchema({
		resolvers: [
			PictureResolver,
			TextResolver,
			EncoderResolver,
			DecodingResolver,
			DecoderResolver,
			DecoderCapabilitiesResolver,
			TextDecodingResolver,
			TextAskingResolver,
			AnswerResolver,
			LanguageModelResolver,
			MetricResolver,
			MetricsResolver,
			ComparisonResolver,
			ComparisonCellResolver,
			CellSettingsResolver,
			PromptSourceResolver,
		],
		validate: false,
	});
}
