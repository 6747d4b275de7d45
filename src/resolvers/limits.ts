/**
 * How much one query may ask for: depth, and a cost that counts model runs far above plain fields.
 *
 * @module
 */
import type { ApolloServerPlugin } from "@apollo/server";
import { maxDepthRule } from "@escape.tech/graphql-armor-max-depth";
import {
	BREAK,
	type DocumentNode,
	GraphQLError,
	type GraphQLSchema,
	Kind,
	type OperationDefinitionNode,
	type ValidationRule,
	visit,
} from "graphql";
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

/** An operation of a request, as Apollo knows it when it is about to run. */
export interface CountedOperation {
	/** The same object whenever the same query comes again: Apollo keeps queries that were parsed. */
	readonly operation: OperationDefinitionNode;
	readonly document: DocumentNode;
	readonly variables: Readonly<Record<string, unknown>>;
}

/** Refuses queries dearer than {@link maxCost}, before any of them runs. */
export function costLimit(schema: GraphQLSchema): ApolloServerPlugin {
	const costOf = countCosts(schema);
	return {
		async requestDidStart() {
			return {
				async didResolveOperation({ document, operation, request }) {
					// Without one there is nothing to run, which GraphQL says next.
					const total = operation && costOf({ document, operation, variables: request.variables ?? {} });
					if (total !== undefined && total > maxCost) {
						throw tooComplex(`The query costs ${total}, more than ${maxCost}.`);
					}
				},
			};
		},
	};
}

/**
 * Counts what operations cost. Counting takes a good part of what answering takes, and clients send the same queries
 * again and again: a cost that no variable can change is counted once.
 *
 * @param estimate Says what a field costs. Default: what its resolver declares, or 1.
 */
export function countCosts(
	schema: GraphQLSchema,
	estimate: ComplexityEstimator = fieldExtensionsEstimator(),
): (operation: CountedOperation) => number {
	const known = new WeakMap<OperationDefinitionNode, number>();
	return ({ operation, document, variables }) => {
		const before = known.get(operation);
		if (before !== undefined) {
			return before;
		}
		let isFixed = !hasDirectives(document);
		const watched: ComplexityEstimator = (field) =>
			estimate({
				...field,
				get args() {
					isFixed = false;
					return field.args;
				},
			});
		try {
			const total = getComplexity({
				schema,
				query: document,
				variables,
				...(operation.name && { operationName: operation.name.value }),
				estimators: [introspectionIsFree, watched, simpleEstimator({ defaultComplexity: 1 })],
			});
			if (isFixed) {
				known.set(operation, total);
			}
			return total;
		} catch (error) {
			if (error instanceof GraphQLError) {
				// Variables that do not fit their types cost nothing: GraphQL refuses them next, before anything runs, and names them.
				return 0;
			}
			throw error;
		}
	};
}

/** Whether fields may be left out, as variables have it. */
function hasDirectives(document: DocumentNode): boolean {
	let found = false;
	visit(document, {
		[Kind.DIRECTIVE]() {
			found = true;
			return BREAK;
		},
	});
	return found;
}
