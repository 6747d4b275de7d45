/**
 * Errors as answers: one JSON shape for plain routes and for GraphQL.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { DeDiffusionError, errorCodes } from "../plugins/index.ts";

/** Fastify's own failures that a caller can do something about. */
const fastifyErrors: Readonly<Record<string, (error: FastifyError, request: FastifyRequest) => DeDiffusionError>> = {
	FST_ERR_CTP_BODY_TOO_LARGE: (_error, request) => tooLarge(request),
	FST_REQ_FILE_TOO_LARGE: (_error, request) => tooLarge(request),
};

function tooLarge(request: FastifyRequest): DeDiffusionError {
	const code = request.routeOptions.url === "/pictures" ? "PICTURE_TOO_LARGE" : "REQUEST_TOO_LARGE";
	return new DeDiffusionError(code, `The request's body is larger than ${request.routeOptions.bodyLimit} bytes.`, {
		input: "body",
	});
}

/** Any thrown value as an error with a code; what nobody foresaw becomes `INTERNAL`. */
function typedError(error: FastifyError, request: FastifyRequest): DeDiffusionError {
	if (DeDiffusionError.is(error)) {
		return error;
	}
	const known = fastifyErrors[error.code];
	if (known !== undefined) {
		return known(error, request);
	}
	if (error.statusCode !== undefined && error.statusCode < 500) {
		return new DeDiffusionError("INPUT_INVALID", error.message, { cause: error });
	}
	return new DeDiffusionError("INTERNAL", `Something went wrong in the server (request ${request.id}).`, {
		cause: error,
	});
}

/** The body that an error is answered with, equal in form to GraphQL's. */
export function errorBody(error: DeDiffusionError): object {
	const { code, input, advice, retryable, retryAfterMs } = error;
	return { errors: [{ message: error.message, extensions: { code, input, advice, retryable, retryAfterMs } }] };
}

/** Fastify's error handler: logs defects, answers with the code's status, shows no stack trace. */
export const answerError = answerErrorsAs(errorBody);

/** As {@link answerError}, in the words of another API. */
export function answerErrorsAs(bodyOf: (error: DeDiffusionError, status: number) => object) {
	return function answer(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
		const typed = typedError(error, request);
		if (typed.code === "INTERNAL") {
			request.log.error({ err: error }, typed.message);
		}
		if (typed.code === "UNAUTHENTICATED") {
			reply.header("www-authenticate", 'Bearer realm="De-Diffusion"');
		}
		if (typed.retryAfterMs !== undefined) {
			reply.header("retry-after", Math.ceil(typed.retryAfterMs / 1000));
		}
		const status = typed.code === "INPUT_INVALID" ? (error.statusCode ?? 400) : errorCodes[typed.code].status;
		return reply.code(status).type("application/json; charset=utf-8").send(bodyOf(typed, status));
	};
}

/** Request ids that a person can quote from an `INTERNAL` error and find in the log. */
export function requestId(): string {
	return randomUUID();
}
