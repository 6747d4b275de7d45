/**
 * Services in the network: what the host lends to reach them, and how their answers are read.
 *
 * @module
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ErrorCode } from "./error-codes.ts";
import { DeDiffusionError } from "./errors.ts";
import { checkedBy } from "./schema.ts";

export interface ConnectOptions {
	/** The service's address as the user configured it. It alone may be on this machine or in a private network. */
	readonly url: string | URL;
	/** Keys and passwords of the service: blotted out wherever an error, a warning or the log would show them. */
	readonly secrets?: readonly (string | undefined)[];
	/** Largest answer, in bytes. Default 64 MiB. */
	readonly maxBytes?: number;
}

/**
 * `fetch` with a guard; may be handed to any client library that takes a `fetch`. Redirects are followed and checked, and
 * lose the request's headers where they leave the service. It does not try again: the host does.
 *
 * @throws DeDiffusionError `BACKEND_UNAVAILABLE` if nobody answers or the connection breaks, `BACKEND_PROTOCOL` if the
 * answer is larger than allowed or leads to a private address, `BACKEND_TIMEOUT` or `ABORTED` by its signal. Reading the
 * body may throw the same.
 */
export type GuardedFetch = (address: string | URL, init?: RequestInit) => Promise<Response>;

/** Opens the way to one service. Call it in `setup`, once for each service; nothing is sent yet. */
export type Connect = (options: ConnectOptions) => GuardedFetch;

/** Characters of a backend's own reason that reach the user. */
const longestReason = 400;

/**
 * The answer's JSON, checked.
 *
 * @throws DeDiffusionError For statuses beyond 299 as {@link failureOf}; `BACKEND_PROTOCOL` for what is no JSON or not of
 * the schema's form.
 */
export async function readJson<Schema extends StandardSchemaV1>(
	response: Response,
	schema: Schema,
): Promise<StandardSchemaV1.InferOutput<Schema>> {
	if (!response.ok) {
		throw await failureOf(response);
	}
	const checked = checkedBy(schema, parsed(await response.text(), response));
	if (!checked.success) {
		throw new DeDiffusionError("BACKEND_PROTOCOL", `The backend's answer has another form: ${checked.reason}`);
	}
	return checked.value;
}

/**
 * The bytes of a picture that a service offers for download.
 *
 * @throws DeDiffusionError For statuses beyond 299 as {@link failureOf}; `BACKEND_PROTOCOL` for text in place of a file.
 */
export async function readPictureFile(response: Response): Promise<Uint8Array> {
	if (!response.ok) {
		throw await failureOf(response);
	}
	const type = response.headers.get("content-type") ?? "";
	if (/^(text\/|application\/(json|xhtml))/i.test(type)) {
		await response.body?.cancel();
		throw new DeDiffusionError("BACKEND_PROTOCOL", `The backend's address gives ${type} instead of a picture.`);
	}
	return Buffer.from(await response.arrayBuffer());
}

/**
 * The bytes that base64 text stands for.
 *
 * @throws DeDiffusionError `BACKEND_PROTOCOL` if it is no base64.
 */
export function bytesOfBase64(text: string): Uint8Array {
	const base64 = text.replace(/^data:[^,]*;base64,/, "").replace(/\s+/g, "");
	if (base64 === "" || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64)) {
		throw new DeDiffusionError("BACKEND_PROTOCOL", "The backend's picture is no base64.");
	}
	return Buffer.from(base64, "base64");
}

/** What an answer beyond 299 means, in the codes of the SDK, with the backend's own reason and its Retry-After. */
export async function failureOf(response: Response): Promise<DeDiffusionError> {
	return failureWith(response, reasonIn(await response.text()));
}

/** An answer beyond 299, and what else its body says. */
export interface ReadFailure<Body> {
	/** As {@link failureOf} gives it. */
	readonly failure: DeDiffusionError;
	/** Undefined where the body has another form, e.g. that of a proxy before the service. */
	readonly body: Body | undefined;
}

/**
 * As {@link failureOf}, for services whose errors say more than their status, e.g. that they filtered the picture.
 *
 * @param reasonOf The reason in the body, where it stands elsewhere than services usually put it.
 */
export async function readFailure<Schema extends StandardSchemaV1>(
	response: Response,
	schema: Schema,
	reasonOf: (body: StandardSchemaV1.InferOutput<Schema>) => string | undefined = () => undefined,
): Promise<ReadFailure<StandardSchemaV1.InferOutput<Schema>>> {
	const text = await response.text();
	const checked = checkedBy(schema, jsonIn(text));
	const body = checked.success ? checked.value : undefined;
	const reason = checked.success ? reasonOf(checked.value) : undefined;
	return { failure: failureWith(response, reason === undefined ? reasonIn(text) : shortened(reason)), body };
}

function failureWith({ status, headers }: Response, reason: string): DeDiffusionError {
	const waitMs = retryAfterMs(headers);
	return new DeDiffusionError(codeOf(status), `The backend answered ${status}${reason === "" ? "." : `: ${reason}`}`, {
		...(waitMs !== undefined && { retryAfterMs: waitMs }),
	});
}

function codeOf(status: number): ErrorCode {
	if (status === 401 || status === 403) return "BACKEND_AUTH";
	if (status === 408 || status === 504) return "BACKEND_TIMEOUT";
	if (status === 429) return "BACKEND_RATE_LIMITED";
	if (status >= 500) return "BACKEND_UNAVAILABLE";
	return status >= 400 ? "BACKEND_INVALID_REQUEST" : "BACKEND_PROTOCOL";
}

/**
 * How long a Retry-After header asks to wait, in milliseconds; undefined without one that can be read.
 *
 * @param now Milliseconds since 1970, for headers that name a date.
 */
export function retryAfterMs(headers: Headers, now: number = Date.now()): number | undefined {
	const value = headers.get("retry-after")?.trim() ?? "";
	if (/^\d+(\.\d+)?$/.test(value)) {
		return Number(value) * 1000;
	}
	const date = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The reason in an error's body, in the forms that services use: `error.message`, `error`, `message` or `detail`. */
function reasonIn(body: string): string {
	if (/^\s*<(!doctype|html)/i.test(body)) {
		return "an HTML page";
	}
	return shortened(messageIn(body) ?? body);
}

function messageIn(body: string): string | undefined {
	const { error, message, detail } = (jsonIn(body) ?? {}) as Record<string, unknown>;
	const nested = typeof error === "object" && error !== null && "message" in error ? error.message : error;
	return [nested, message, detail].find((text) => typeof text === "string");
}

/** Undefined for what is no JSON. */
function jsonIn(body: string): unknown {
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}

function shortened(text: string): string {
	const line = text.replace(/\s+/g, " ").trim();
	return line.length > longestReason ? `${line.slice(0, longestReason)} …` : line;
}

function parsed(body: string, response: Response): unknown {
	try {
		return JSON.parse(body);
	} catch {
		const type = response.headers.get("content-type");
		throw new DeDiffusionError("BACKEND_PROTOCOL", `The backend's answer is no JSON${type ? ` but ${type}` : ""}.`, {
			advice: "Check that the plugin's address is the one of the service's API.",
		});
	}
}
