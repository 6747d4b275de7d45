import { getOperationAST, parse } from "graphql";
import { fieldExtensionsEstimator } from "graphql-query-complexity/cjs";
import { beforeAll, describe, expect, it } from "vitest";
import { cost, countCosts } from "./limits.ts";
import { buildApiSchema } from "./schema.ts";

let schema: Awaited<ReturnType<typeof buildApiSchema>>;
beforeAll(async () => {
	schema = await buildApiSchema();
});

/** Counts what one query costs, each time with other variables. */
function counterOf(query: string, name?: string) {
	const document = parse(query);
	const operation = getOperationAST(document, name);
	let estimates = 0;
	const declared = fieldExtensionsEstimator();
	const costOf = countCosts(schema, (field) => {
		estimates++;
		return declared(field);
	});
	return {
		costOf: (variables: Record<string, unknown> = {}) =>
			operation ? costOf({ document, operation, variables }) : undefined,
		estimates: () => estimates,
	};
}

describe("the cost of a query", () => {
	it("is counted once where no variable can change it", () => {
		const { costOf, estimates } = counterOf("query ($id: ID!) { encode(picture: { id: $id }) { text } }");
		expect(costOf({ id: "a" })).toBe(cost.encode + 1);
		const first = estimates();
		expect(first).toBeGreaterThan(0);
		expect(costOf({ id: "b" })).toBe(cost.encode + 1);
		expect(estimates()).toBe(first);
	});

	it("follows a number that multiplies it", () => {
		const { costOf } = counterOf("query ($first: Int) { comparisons(first: $first) { nodes { id } } }");
		expect([1, 50, 7].map((first) => costOf({ first }))).toEqual([2, 100, 14]);
	});

	it("follows what is left out", () => {
		const { costOf } = counterOf(
			"query ($short: Boolean!) { encoders { id @skip(if: $short) name } ...more @include(if: $short) } fragment more on Query { decoders { id } }",
		);
		expect([true, false, true].map((short) => costOf({ short }))).toEqual([4, 3, 4]);
	});

	it("follows how many pictures a question comes with", () => {
		const { costOf } = counterOf(
			'query ($examples: [ExampleInput!]) { ask(text: "a", question: "b", examples: $examples) { answer } }',
		);
		const example = { picture: { id: "a" }, answer: "c" };
		expect(costOf({ examples: [example] })).toBe(cost.ask + cost.encode + 1);
		expect(costOf({ examples: [example, example] })).toBe(cost.ask + 2 * cost.encode + 1);
	});

	it("is told apart for the operations of one document", () => {
		const query = "query One { encoders { id } } query Two { encoders { id name } }";
		expect([counterOf(query, "One").costOf(), counterOf(query, "Two").costOf()]).toEqual([2, 3]);
	});

	it("is nothing while variables do not fit, and is counted once they do", () => {
		const { costOf } = counterOf("query ($id: ID!) { encode(picture: { id: $id }) { text } }");
		expect(costOf({ id: ["a"] })).toBe(0);
		expect(costOf({ id: "a" })).toBe(cost.encode + 1);
	});
});
