/**
 * Requests to the service.
 *
 * @module
 */
import { DeDiffusionError, failureOf, type PluginHost, readFailure, readJson } from "dediffusion/plugin";
import type { Options } from "./options.ts";
import { completionAnswer, errorAnswer } from "./wire.ts";

/** Reasons that are no failure: the service works, and does not answer this. */
const filterCodes: readonly unknown[] = ["content_filter", "content_policy_violation"];

export interface Completion {
	readonly text: string;
	readonly finishReason: "stop" | "length";
	readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
}

/** What was written, or why nothing was. */
export type Completed = Completion | { readonly refusal: string };

export interface Service {
	/** @throws DeDiffusionError `BACKEND_*` or `ABORTED`. */
	complete(body: object, signal: AbortSignal): Promise<Completed>;
	/** Asks for the list of models. */
	check(signal: AbortSignal): Promise<void>;
}

export function openService({ url, keyVariable }: Options, host: PluginHost): Service {
	const key = process.env[keyVariable] || undefined;
	const fetch = host.connect({ url, secrets: [key] });
	const base = `${url.replace(/\/+$/, "")}/`;
	const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };

	return {
		async complete(body, signal) {
			const address = new URL("chat/completions", base);
			const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal });
			if (!response.ok) {
				return refusalOrThrow(response);
			}
			const { choices, usage } = await readJson(response, completionAnswer);
			const [choice] = choices;
			if (choice === undefined) {
				throw new DeDiffusionError("BACKEND_PROTOCOL", "The backend's answer has no choice.");
			}
			const { message, finish_reason } = choice;
			if (message.refusal || finish_reason === "content_filter") {
				return { refusal: message.refusal || "The backend filtered the answer." };
			}
			const text = (message.content ?? "").trim();
			if (text === "") {
				throw emptyText(finish_reason);
			}
			return {
				text,
				finishReason: finish_reason === "length" ? "length" : "stop",
				...(usage && { usage: { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens } }),
			};
		},
		async check(signal) {
			const response = await fetch(new URL("models", base), { headers, signal });
			if (!response.ok) {
				throw await failureOf(response);
			}
			await response.body?.cancel();
		},
	};
}

/** Models that think before they answer may spend all tokens on it. */
function emptyText(finishReason: string | null | undefined): DeDiffusionError {
	return finishReason === "length"
		? new DeDiffusionError("BACKEND_PROTOCOL", "The backend used up all tokens before it wrote a word.", {
				advice: "Allow more tokens, or have the model think less.",
			})
		: new DeDiffusionError("BACKEND_PROTOCOL", "The backend's answer has no text.");
}

async function refusalOrThrow(response: Response): Promise<Completed> {
	const { failure, body } = await readFailure(response, errorAnswer);
	const { code, type, message } = body?.error ?? {};
	if ([code, type].some((word) => filterCodes.includes(word))) {
		return { refusal: message ?? "The backend filtered the question." };
	}
	throw code === "insufficient_quota"
		? new DeDiffusionError(failure.code, failure.message, { retryable: false, advice: "Top up the account." })
		: failure;
}
