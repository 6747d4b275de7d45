/**
 * Requests to Google's services and to those that speak like them.
 *
 * @module
 */
import { DeDiffusionError, type GuardedFetch, type PluginHost, readFailure, readJson } from "dediffusion/plugin";
import type { z } from "zod";
import { errorAnswer } from "./wire.ts";

export interface ServiceOptions {
	readonly url: string;
	readonly model: string;
	readonly keyVariable?: string | undefined;
	readonly tokenVariable?: string | undefined;
	readonly token?: (() => string | Promise<string>) | undefined;
}

/** One model behind its address. */
export interface Service {
	/** Calls a method of the model, e.g. `predict`. @throws DeDiffusionError `BACKEND_*` or `ABORTED`. */
	call<Answer>(method: string, body: object, schema: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer>;
	/** Asks for the model's description. @throws DeDiffusionError `BACKEND_*` or `ABORTED`. */
	check(signal: AbortSignal): Promise<void>;
}

/** Opens the way to a model. Keys are read from the environment now, tokens before each request. */
export function openService({ url, model, ...credentials }: ServiceOptions, host: PluginHost): Service {
	const key = fromEnvironment(credentials.keyVariable);
	const fixedToken = fromEnvironment(credentials.tokenVariable);
	const fetch: GuardedFetch = host.connect({ url, secrets: [key, fixedToken] });
	const address = `${url.replace(/\/+$/, "")}/models/${model}`;

	async function send(target: string, init: RequestInit): Promise<Response> {
		const token = (await credentials.token?.()) ?? fixedToken;
		const headers = {
			...(key && { "x-goog-api-key": key }),
			...(token && { authorization: `Bearer ${token}` }),
			"content-type": "application/json",
		};
		const response = await fetch(target, { ...init, headers });
		if (!response.ok) {
			throw await googleFailure(response, model);
		}
		return response;
	}

	return {
		async call(method, body, schema, signal) {
			const response = await send(`${address}:${method}`, { method: "POST", body: JSON.stringify(body), signal });
			return readJson(response, schema);
		},
		async check(signal) {
			const response = await send(address, { signal });
			await response.body?.cancel();
		},
	};
}

function fromEnvironment(variable: string | undefined): string | undefined {
	return variable === undefined ? undefined : process.env[variable] || undefined;
}

/** What a refusal means: Google answers a wrong key with 400, and says in the body how long to wait. */
async function googleFailure(response: Response, model: string): Promise<DeDiffusionError> {
	const { failure, body } = await readFailure(response, errorAnswer);
	const details = body?.error.details ?? [];
	const { message, retryAfterMs } = failure;
	if (details.some(({ reason }) => reason === "API_KEY_INVALID")) {
		return new DeDiffusionError("BACKEND_AUTH", message);
	}
	if (response.status === 404) {
		return new DeDiffusionError("BACKEND_INVALID_REQUEST", message, {
			advice: `Check the address, and whether ${model} is a model that the service still has.`,
		});
	}
	const seconds = details.map(({ retryDelay = "" }) => Number.parseFloat(retryDelay)).find((delay) => delay >= 0);
	return retryAfterMs === undefined && seconds !== undefined
		? new DeDiffusionError(failure.code, message, { retryAfterMs: seconds * 1000 })
		: failure;
}
