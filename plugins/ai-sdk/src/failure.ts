/**
 * What the AI SDK's errors mean in the codes of the SDK. They are told apart by the names that all versions give them.
 *
 * @module
 */
import { APICallError } from "@ai-sdk/provider";
import { DeDiffusionError, type ErrorCode, failureOf } from "dediffusion/plugin";
import { z } from "zod";

const codes: Readonly<Record<string, ErrorCode>> = {
	AI_LoadAPIKeyError: "BACKEND_AUTH",
	AI_LoadSettingError: "BACKEND_INVALID_REQUEST",
	AI_NoSuchModelError: "BACKEND_INVALID_REQUEST",
	AI_InvalidArgumentError: "BACKEND_INVALID_REQUEST",
	AI_InvalidPromptError: "BACKEND_INVALID_REQUEST",
	AI_UnsupportedFunctionalityError: "BACKEND_INVALID_REQUEST",
	AI_JSONParseError: "BACKEND_PROTOCOL",
	AI_TypeValidationError: "BACKEND_PROTOCOL",
	AI_InvalidResponseDataError: "BACKEND_PROTOCOL",
	AI_EmptyResponseBodyError: "BACKEND_PROTOCOL",
	AI_NoContentGeneratedError: "BACKEND_PROTOCOL",
};

/** Characters; some of these errors quote a whole answer. */
const longestMessage = 400;

/** Reasons that are no failure: the service works, and does not draw this. */
const filterCodes = ["content_policy_violation", "moderation_blocked", "content_filter"];

const errorAnswer = z.object({
	error: z.object({ code: z.string().nullish(), type: z.string().nullish(), message: z.string().nullish() }),
});

export async function failureFrom(error: unknown, signal: AbortSignal): Promise<DeDiffusionError> {
	const causes = [...causesOf(error)];
	// Of the guarded fetch, with whatever providers put around it.
	const known = causes.find((cause) => DeDiffusionError.is(cause));
	if (known !== undefined) {
		return known;
	}
	if (signal.aborted) {
		const isLate = signal.reason instanceof Error && signal.reason.name === "TimeoutError";
		return isLate
			? new DeDiffusionError("BACKEND_TIMEOUT", "The model did not answer in time.", { cause: error })
			: new DeDiffusionError("ABORTED", "The picture is not wanted any more.", { cause: error });
	}
	const refused = causes.find(isRefusal);
	if (refused !== undefined) {
		return refusedBy(refused);
	}
	const code = causes.map(({ name }) => codes[name]).find((found) => found !== undefined);
	const message = shortened(causes[0]?.message ?? String(error));
	return new DeDiffusionError(code ?? "BACKEND_UNAVAILABLE", `The model failed: ${message}`, { cause: error });
}

/** Why the service draws no such picture; undefined for errors that are failures. */
export function refusalIn(error: unknown): string | undefined {
	const { code, type, message } = answeredError(error);
	const isFiltered = [code, type].some((word) => filterCodes.includes(word ?? ""));
	return isFiltered ? (message ?? "The backend filtered the picture.") : undefined;
}

function* causesOf(error: unknown): Generator<Error> {
	const seen = new Set<unknown>();
	for (let cause = error; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
		seen.add(cause);
		yield cause;
	}
}

/** An answer beyond 399. Others are errors too, where their body could not be read. */
function isRefusal(error: Error): error is APICallError & { statusCode: number } {
	return APICallError.isInstance(error) && (error.statusCode ?? 0) >= 400;
}

async function refusedBy(error: APICallError & { statusCode: number }): Promise<DeDiffusionError> {
	const { statusCode: status, responseHeaders: headers = {}, responseBody, message } = error;
	const failure = await failureOf(new Response(responseBody || message, { status, headers }));
	const { retryAfterMs } = failure;
	return answeredError(error).code === "insufficient_quota"
		? new DeDiffusionError(failure.code, failure.message, {
				retryable: false,
				advice: "Top up the account.",
				cause: error,
			})
		: new DeDiffusionError(failure.code, failure.message, {
				cause: error,
				...(retryAfterMs !== undefined && { retryAfterMs }),
			});
}

function answeredError(error: unknown): Partial<z.output<typeof errorAnswer>["error"]> {
	if (!APICallError.isInstance(error)) {
		return {};
	}
	try {
		return errorAnswer.parse(JSON.parse(error.responseBody ?? "")).error;
	} catch {
		// Not in OpenAI's form; the status says enough.
		return {};
	}
}

function shortened(text: string): string {
	return text.length > longestMessage ? `${text.slice(0, longestMessage)} …` : text;
}
