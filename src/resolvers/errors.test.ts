/**
 * Errors reach clients with a code, and defects with a reference instead of their words.
 *
 * @module
 */
import { GraphQLError } from "graphql";
import { expect, test } from "vitest";
import { DeDiffusionError } from "../plugins/index.ts";
import { formatErrors } from "./errors.ts";

function format(thrown: Error, extensions: Record<string, unknown> = {}) {
	const logged: unknown[][] = [];
	const formatted = formatErrors((...line) => logged.push(line))({ message: thrown.message, extensions }, thrown);
	return { formatted, logged };
}

const typed = new DeDiffusionError("TEXT_EMPTY", "The text is empty.", { input: "text", retryAfterMs: 5 });
const wrapped = (error: Error) => new GraphQLError(error.message, { originalError: error });

test.each([typed, wrapped(typed), wrapped(wrapped(typed))])(
	"a typed error keeps its words, however it is wrapped",
	(thrown) => {
		const { formatted, logged } = format(thrown, { code: "INTERNAL_SERVER_ERROR", stacktrace: ["at secret.ts:1"] });
		expect(formatted).toEqual({
			message: "The text is empty.",
			extensions: {
				code: "TEXT_EMPTY",
				input: "text",
				advice: "Give at least one word.",
				retryable: false,
				retryAfterMs: 5,
			},
		});
		expect(logged).toEqual([]);
	},
);

test("a place in the query is passed on", () => {
	const place = { locations: [{ line: 1, column: 2 }], path: ["decode", 0] };
	const formatted = formatErrors(() => undefined)({ message: "x", ...place }, typed);
	expect(formatted).toMatchObject(place);
});

test.each([
	["GRAPHQL_PARSE_FAILED", "QUERY_INVALID"],
	["GRAPHQL_VALIDATION_FAILED", "QUERY_INVALID"],
	["OPERATION_RESOLUTION_FAILURE", "QUERY_INVALID"],
	["BAD_REQUEST", "QUERY_INVALID"],
	["BAD_USER_INPUT", "INPUT_INVALID"],
])("%s of GraphQL is our %s", (theirs, ours) => {
	const { formatted } = format(new GraphQLError("Syntax Error"), { code: theirs });
	expect(formatted).toMatchObject({ message: "Syntax Error", extensions: { code: ours, retryable: false } });
});

test.each([
	['Variable "$length" got invalid value 1.5; Int cannot represent it', "length"],
	['Variable "$settings" got invalid value "x" at "settings.seed"; Int cannot represent it', "settings.seed"],
	['Argument "picture" has invalid value 5.', "picture"],
	["Something else", undefined],
])("the input is read from %j", (message, input) => {
	expect(format(new GraphQLError(message), { code: "BAD_USER_INPUT" }).formatted.extensions?.input).toBe(input);
});

test("a defect is logged, and the client is told where", () => {
	const defect = new TypeError("secret is not a function");
	const { formatted, logged } = format(wrapped(defect), { code: "INTERNAL_SERVER_ERROR" });
	const [[error, reference] = []] = logged;
	expect(error).toBe(defect);
	expect(formatted.extensions?.code).toBe("INTERNAL");
	expect(formatted.message).toContain(reference);
	expect(formatted.extensions?.advice).toContain(reference);
	expect(JSON.stringify(formatted)).not.toContain("secret");
});
