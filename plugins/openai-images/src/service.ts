/**
 * Requests to the service.
 *
 * @module
 */
import {
	bytesOfBase64,
	DeDiffusionError,
	failureOf,
	type PluginHost,
	readFailure,
	readJson,
	readPictureFile,
} from "dediffusion/plugin";
import type { Options } from "./options.ts";
import { type AnsweredImage, errorAnswer, imagesAnswer } from "./wire.ts";

/** Reasons that are no failure: the service works, and does not draw this. */
const filterCodes: readonly unknown[] = ["content_policy_violation", "moderation_blocked", "content_filter"];

/** The pictures of an answer, or why there are none. */
export type Drawn = { readonly images: readonly AnsweredImage[] } | { readonly refusal: string };

export interface Service {
	/** @throws DeDiffusionError `BACKEND_*` or `ABORTED`. */
	draw(body: object, signal: AbortSignal): Promise<Drawn>;
	/** The file of an answered picture, downloaded where the answer gives its address. */
	bytesOf(image: AnsweredImage, signal: AbortSignal): Promise<Uint8Array>;
	/** Asks for the list of models. */
	check(signal: AbortSignal): Promise<void>;
}

export function openService({ url, keyVariable }: Options, host: PluginHost): Service {
	const key = process.env[keyVariable] || undefined;
	const fetch = host.connect({ url, secrets: [key] });
	const base = `${url.replace(/\/+$/, "")}/`;
	const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };

	return {
		async draw(body, signal) {
			const address = new URL("images/generations", base);
			const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal });
			if (!response.ok) {
				return refusalOrThrow(response);
			}
			const { data } = await readJson(response, imagesAnswer);
			return { images: data };
		},
		async bytesOf({ b64_json, url: address }, signal) {
			if (b64_json) {
				return bytesOfBase64(b64_json);
			}
			if (!address) {
				throw new DeDiffusionError("BACKEND_PROTOCOL", "The backend's answer has neither b64_json nor url.");
			}
			if (address.startsWith("data:")) {
				return bytesOfBase64(address);
			}
			const file = new URL(address, base);
			// Pictures that the service keeps itself may want its key; whoever else keeps them must not see it.
			const isOwn = file.origin === new URL(base).origin;
			return readPictureFile(await fetch(file, { signal, ...(isOwn && { headers }) }));
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

async function refusalOrThrow(response: Response): Promise<Drawn> {
	const { failure, body } = await readFailure(response, errorAnswer);
	const { code, type, message } = body?.error ?? {};
	if ([code, type].some((word) => filterCodes.includes(word))) {
		return { refusal: message ?? "The backend filtered the picture." };
	}
	throw code === "insufficient_quota"
		? new DeDiffusionError(failure.code, failure.message, { retryable: false, advice: "Top up the account." })
		: failure;
}
