/**
 * How much one query may ask for: depth, and a cost that counts model runs far above plain fields.
 *
 * @module
 */
import type { ApolloServerPlugin } from "@apollo/server";
import { maxDepthRule } from "@escape.tech/graphql-armor-max-depth";
import { GraphQLError, type GraphQLSchema, type ValidationRule } from "graphql";
// Its ES modules import graphql's `.mjs` files, a second copy beside the one that everything else here loads.
import {
	type ComplexityEstimator,
	fieldExtensionsEstimator,
	getComplexity,
	simpleEstimator,
} from "graphql-query-complexity/cjs";
import { DeDiffusionError } from "../plugins/index.ts";

/** Deepest nesting of a query; the largest useful one has 8 levels. */
export const maxDepth = 12;

/** Dearest query: a hundred reconstructions, or a thousand encoded pictures. */
export const maxCost = 20_000;

/** What the fields cost that do more than read; any other field costs 1. */
export const cost = {
	encode: 20,
	decode: 150,
	reconstruct: 170,
	ask: 150,
	file: 10,
	/** Of a decoder, which may have to ask a service. */
	health: 50,
	/** A stored comparison has about this many cells. */
	cells: 10,
} as const;

/** The page at /graphql asks for the whole schema, deeply nested; the answer never changes and costs nothing. */
const introspectionIsFree: ComplexityEstimator = ({ field }) => (field.name.startsWith("__") ? 0 : undefined);

function tooComplex(message: string): GraphQLError {
	return new GraphQLError(message, {
		originalError: new DeDiffusionError("QUERY_TOO_COMPLEX", message, { input: "query" }),
		extensions: { http: { status: 400 } },
	});
}

/** Refuses queries deeper than {@link maxDepth}, while they are validated. */
export const depthLimit: ValidationRule = maxDepthRule({
	n: maxDepth,
	ignoreIntrospection: true,
	flattenFragments: true,
	propagateOnRejection: false,
	onReject: [(context) => context?.reportError(tooComplex(`The query is nested deeper than ${maxDepth} levels.`))],
});

/** Refuses queries dearer than {@link maxCost}, before any of them runs. */
export function costLimit(schema: GraphQLSchema): ApolloServerPlugin {
	return {
		async requestDidStart() {
			return {
				async didResolveOperation({ document, operationName, request }) {
					const total = costOf({
						schema,
						query: document,
						variables: request.variables ?? {},
						...(operationName && { operationName }),
						estimators: [introspectionIsFree, fieldExtensionsEstimator(), simpleEstimator({ defaultComplexity: 1 })],
					});
					if (total > maxCost) {
						throw tooComplex(`The query costs ${total}, more than ${maxCost}.`);
					}
				},
			};
		},
	};
}

/** Variables that do not fit their types cost nothing: GraphQL refuses them next, before anything runs, and names them. */
function costOf(query: Parameters<typeof getComplexity>[0]): number {
	try {
		return getComplexity(query);
	} catch (error) {
		if (error instanceof GraphQLError) {
			return 0;
		}
		throw error;
	}
}
