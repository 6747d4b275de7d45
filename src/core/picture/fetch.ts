/**
 * Pictures from addresses that a client named: fetched by the server, so guarded against reaching into its own network.
 *
 * @module
 */
import { Agent, errors, fetch } from "undici";
import { DeDiffusionError } from "../../plugins/index.ts";
import {
	type AllowAddress,
	checkLiteral,
	ForbiddenAddress,
	guardedLookup,
	isPublicAddress,
} from "../../plugins/network/addresses.ts";
import type { PictureLimits } from "./picture.ts";

export interface FetchOptions {
	readonly limits: PictureLimits;
	readonly signal?: AbortSignal | undefined;
	/** For the whole exchange, in milliseconds. Default 15,000. */
	readonly timeoutMs?: number | undefined;
	/** Names the argument in errors. Default `picture.url`. */
	readonly input?: string | undefined;
	/** Which IP addresses may be reached. Default: {@link isPublicAddress}. */
	readonly allowAddress?: AllowAddress | undefined;
}

const maxRedirects = 5;

/**
 * Fetches the bytes behind an http or https address. The address that a name resolves to is checked when the connection
 * is made, for each redirect anew, so that no name can change its mind in between.
 *
 * @throws DeDiffusionError `PICTURE_URL_REFUSED`, `PICTURE_URL_FAILED`, `PICTURE_TOO_LARGE`, `ABORTED`.
 */
export async function fetchPicture(url: string, options: FetchOptions): Promise<Uint8Array> {
	const { limits, signal, timeoutMs = 15_000, input = "picture.url", allowAddress = isPublicAddress } = options;
	const dispatcher = new Agent({ connect: { lookup: guardedLookup(allowAddress) }, maxResponseSize: -1 });
	const timeout = AbortSignal.timeout(timeoutMs);
	const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
	try {
		let address = parseAddress(url, input, allowAddress);
		for (let hop = 0; hop <= maxRedirects; hop++) {
			const response = await fetch(address, {
				dispatcher,
				signal: either,
				redirect: "manual",
				headers: { accept: "image/*", "user-agent": "de-diffusion" },
			});
			const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
			if (location === null) {
				return await readBody(response, limits.bytes, address, input);
			}
			await response.body?.cancel();
			address = parseAddress(new URL(location, address).href, input, allowAddress);
		}
		throw new DeDiffusionError("PICTURE_URL_FAILED", `The address redirects more than ${maxRedirects} times.`, {
			input,
		});
	} catch (error) {
		throw asTyped(error, { url, input, timeoutMs, aborted: signal?.aborted === true, timedOut: timeout.aborted });
	} finally {
		await dispatcher.destroy();
	}
}

function parseAddress(url: string, input: string, allowAddress: AllowAddress): URL {
	const address = URL.parse(url);
	if (address === null || !["http:", "https:"].includes(address.protocol)) {
		throw new DeDiffusionError("PICTURE_URL_REFUSED", "The address is no http or https address.", { input });
	}
	if (address.username !== "" || address.password !== "") {
		throw new DeDiffusionError("PICTURE_URL_REFUSED", "The address holds a user name or a password.", { input });
	}
	checkLiteral(address, allowAddress);
	return address;
}

type FetchResponse = Awaited<ReturnType<typeof fetch>>;

async function readBody(response: FetchResponse, limit: number, address: URL, input: string): Promise<Uint8Array> {
	if (!response.ok) {
		await response.body?.cancel();
		throw new DeDiffusionError("PICTURE_URL_FAILED", `${address.host} answered with status ${response.status}.`, {
			input,
			retryable: response.status >= 500 || response.status === 429,
		});
	}
	const type = response.headers.get("content-type") ?? "";
	if (/^(text\/|application\/(json|xhtml))/i.test(type)) {
		await response.body?.cancel();
		throw new DeDiffusionError("PICTURE_URL_FAILED", `${address.host} answered with ${type}, which is no picture.`, {
			input,
			advice: "Give the address of the picture's file, not of the page that shows it.",
			retryable: false,
		});
	}
	const chunks: Uint8Array[] = [];
	let length = 0;
	for await (const chunk of response.body ?? []) {
		length += chunk.length;
		if (length > limit) {
			throw new DeDiffusionError("PICTURE_TOO_LARGE", `The picture's file has more than ${limit} bytes.`, { input });
		}
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

interface Circumstances {
	readonly url: string;
	readonly input: string;
	readonly timeoutMs: number;
	readonly aborted: boolean;
	readonly timedOut: boolean;
}

function asTyped(error: unknown, { url, input, timeoutMs, aborted, timedOut }: Circumstances): DeDiffusionError {
	for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
		if (DeDiffusionError.is(cause)) {
			return cause;
		}
		if (cause instanceof ForbiddenAddress) {
			const message = `The address leads to ${cause.host}, which is not on the public internet.`;
			return new DeDiffusionError("PICTURE_URL_REFUSED", message, { input, cause });
		}
	}
	if (aborted) {
		return new DeDiffusionError("ABORTED", "The request was given up while its picture was fetched.", { input });
	}
	const host = URL.parse(url)?.host ?? "the address";
	if (timedOut || error instanceof errors.ConnectTimeoutError) {
		return new DeDiffusionError("PICTURE_URL_FAILED", `${host} did not answer within ${timeoutMs} ms.`, {
			input,
			cause: error,
		});
	}
	return new DeDiffusionError("PICTURE_URL_FAILED", `${host} could not be reached.`, { input, cause: error });
}
