/**
 * The whole schema, built from the resolvers.
 *
 * @module
 */
import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { buildSchema } from "type-graphql";
import { ComparisonResolver } from "./comparison.ts";
import { DecodingResolver } from "./decoding.ts";
import { PictureResolver } from "./picture.ts";
import { TextResolver } from "./text.ts";

/** Builds the schema that `schema.graphql` is printed from. */
export function buildApiSchema(): Promise<GraphQLSchema> {
	return buildSchema({
		resolvers: [PictureResolver, TextResolver, DecodingResolver, ComparisonResolver],
		validate: false,
	});
}
