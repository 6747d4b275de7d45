/**
 * Errors as GraphQL shows them: a code of the table, the input, advice; never a stack trace.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { DeDiffusionError, type ErrorCode, errorCodes } from "../plugins/index.ts";

/** What GraphQL itself objects to, in the words of our table. */
const protocolErrors: Readonly<Record<string, ErrorCode>> = {
	GRAPHQL_PARSE_FAILED: "QUERY_INVALID",
	GRAPHQL_VALIDATION_FAILED: "QUERY_INVALID",
	OPERATION_RESOLUTION_FAILURE: "QUERY_INVALID",
	BAD_REQUEST: "QUERY_INVALID",
	BAD_USER_INPUT: "INPUT_INVALID",
	PERSISTED_QUERY_NOT_SUPPORTED: "QUERY_INVALID",
};

/** Characters. */
const longestMessage = 600;

/** Writes what the client is not told to the server's log. */
export type LogDefect = (error: unknown, reference: string) => void;

/**
 * Apollo's `formatError`.
 *
 * @param logDefect Receives every error that has no code, with the reference that the client was told.
 */
export function formatErrors(logDefect: LogDefect) {
	return function formatError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
		const error = asTyped(formatted, underneath(thrown), logDefect);
		const { code, input, advice, retryable, retryAfterMs } = error;
		return {
			message: error.message,
			...(formatted.locations && { locations: formatted.locations }),
			...(formatted.path && { path: formatted.path }),
			extensions: { code, input, advice, retryable, retryAfterMs },
		};
	};
}

/** What was thrown before GraphQL and Apollo put their own errors around it. */
function underneath(error: unknown): unknown {
	return error instanceof GraphQLError && error.originalError !== undefined ? underneath(error.originalError) : error;
}

function asTyped(formatted: GraphQLFormattedError, error: unknown, logDefect: LogDefect): DeDiffusionError {
	if (DeDiffusionError.is(error)) {
		return error;
	}
	const code = protocolErrors[String(formatted.extensions?.code)];
	if (code !== undefined) {
		return new DeDiffusionError(code, shortened(formatted.message), inputOf(formatted.message));
	}
	const reference = randomUUID();
	logDefect(error, reference);
	return new DeDiffusionError("INTERNAL", `Something went wrong in the server (request ${reference}).`, {
		advice: `${errorCodes.INTERNAL.advice} It is in the log as ${reference}.`,
	});
}

/** GraphQL repeats the value that it objects to, though it were a picture of megabytes. */
function shortened(message: string): string {
	return message.length > longestMessage
		? `${message.slice(0, longestMessage / 2)} … ${message.slice(-longestMessage / 2)}`
		: message;
}

/** GraphQL names the variable or argument at fault in quotes, e.g. `Variable "$settings" got invalid value …`. */
function inputOf(message: string): { input?: string } {
	const name = /^(?:Variable|Argument) "\$?([^"]+)"(?:.*? at "([^"]+)")?/.exec(message);
	return name === null ? {} : { input: name[2] ?? name[1] ?? "" };
}
