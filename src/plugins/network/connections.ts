/**
 * The guarded `fetch` that plugins reach services with.
 *
 * @module
 */
import { DeDiffusionError } from "../errors.ts";
import type { Connect, ConnectOptions, GuardedFetch } from "../http.ts";
import type { ConnectSocket, GuardedSocket } from "../socket.ts";
import { type Trace, untraced } from "../tracing.ts";
import { checkLiteral, guardedLookup, isPublicAddress } from "./addresses.ts";
import { typed } from "./failures.ts";
import { Redaction } from "./redaction.ts";
import { Sockets } from "./sockets.ts";

export interface ConnectionsOptions {
	/** Origins that may be reached though they are private, beside those of the services themselves. */
	readonly privateOrigins?: readonly string[] | undefined;
	readonly trace?: Trace | undefined;
}

/** The ways to services that were opened, and the secrets that go over them. */
export interface Connections {
	readonly connect: Connect;
	readonly connectSocket: ConnectSocket;
	readonly redaction: Redaction;
	/** Closes every connection. */
	close(): Promise<void>;
}

const defaultMaxBytes = 64 * 2 ** 20;
/** Milliseconds; for requests whose plugin gave no signal. */
const longestRequest = 300_000;
const maxRedirects = 5;
/** Headers that carry keys: whatever they are sent is a secret, though nobody said so. */
const keyHeaders = ["authorization", "x-goog-api-key", "x-api-key", "api-key"];
/** What a request keeps when a redirect leads it to another origin. */
const harmlessHeaders = ["accept", "accept-language", "content-type", "user-agent"];

export function createConnections({ privateOrigins = [], trace = untraced }: ConnectionsOptions = {}): Connections {
	const redaction = new Redaction();
	const pool = new Pool();
	const sockets = new Sockets();
	const allowed = privateOrigins.map(originOf);

	function hideAll(secrets: readonly (string | undefined)[]): void {
		for (const secret of secrets) {
			redaction.add(secret);
		}
	}

	function hideKeys(headers: Headers): Headers {
		hideAll(keyHeaders.map((name) => headers.get(name)?.replace(/^\w+ +/, "")));
		return headers;
	}

	function connect({ url, secrets = [], maxBytes = defaultMaxBytes }: ConnectOptions): GuardedFetch {
		hideAll(secrets);
		const trusted = new Set([originOf(url), ...allowed]);
		return async function guardedFetch(address, init = {}) {
			const start = new URL(address);
			hideKeys(new Headers(init.headers));
			const attributes = { host: start.host, method: init.method ?? "GET" };
			return trace("decoder.fetch", attributes, () => follow(start, init, { pool, trusted, maxBytes }));
		};
	}

	function connectSocket({ url, secrets = [], maxBytes = defaultMaxBytes }: ConnectOptions): GuardedSocket {
		hideAll(secrets);
		const service = originOf(url);
		return async function guardedSocket(address, { signal, headers }) {
			const target = new URL(String(address).replace(/^ws/, "http"));
			// Nobody is led anywhere over a socket: it goes to the service itself or nowhere.
			if (target.origin !== service) {
				throw new DeDiffusionError("BACKEND_PROTOCOL", `The WebSocket ${target.origin} is not the service's own.`);
			}
			const options = { signal, headers: hideKeys(new Headers(headers)), maxBytes };
			return trace("decoder.socket", { host: target.host }, () => sockets.open(target, options));
		};
	}

	async function close(): Promise<void> {
		sockets.close();
		await pool.close();
	}

	return { connect, connectSocket, redaction, close };
}

function originOf(url: string | URL): string {
	const { protocol, origin } = URL.parse(String(url)) ?? {};
	if (origin === undefined || (protocol !== "http:" && protocol !== "https:")) {
		throw new DeDiffusionError("CONFIG_INVALID", `${url} is no http or https address.`, { input: String(url) });
	}
	return origin;
}

type Undici = typeof import("undici");

/** Loads the HTTP client when the first request is made: many servers never make one. */
class Pool {
	#client: Promise<Undici> | undefined;
	readonly #agents = new Map<boolean, InstanceType<Undici["Agent"]>>();

	/** @param isTrusted Whether the origin may be anywhere. */
	async open(isTrusted: boolean): Promise<{ client: Undici; dispatcher: InstanceType<Undici["Agent"]> }> {
		this.#client ??= import("undici");
		const client = await this.#client;
		const known = this.#agents.get(isTrusted);
		if (known !== undefined) {
			return { client, dispatcher: known };
		}
		// Pictures may take longer than any default; the request's own signal ends it.
		const patience = { headersTimeout: 0, bodyTimeout: 0 };
		const guard = isTrusted ? {} : { connect: { lookup: guardedLookup(isPublicAddress) } };
		const dispatcher = new client.Agent({ ...patience, ...guard });
		this.#agents.set(isTrusted, dispatcher);
		return { client, dispatcher };
	}

	async close(): Promise<void> {
		const agents = [...this.#agents.values()];
		this.#agents.clear();
		await Promise.all(agents.map((agent) => agent.destroy()));
	}
}

interface Guard {
	readonly pool: Pool;
	readonly trusted: ReadonlySet<string>;
	readonly maxBytes: number;
}

async function follow(start: URL, init: RequestInit, guard: Guard): Promise<Response> {
	const signal = init.signal ?? AbortSignal.timeout(longestRequest);
	let address = start;
	let request: RequestInit = { ...init, signal };
	try {
		for (let hop = 0; hop <= maxRedirects; hop++) {
			const isTrusted = guard.trusted.has(address.origin);
			checkAddress(address, isTrusted);
			const { client, dispatcher } = await guard.pool.open(isTrusted);
			// The types of the built-in client and of this one differ in name only.
			const options = { ...request, redirect: "manual", dispatcher } as Parameters<Undici["fetch"]>[1];
			const response = (await client.fetch(address, options)) as unknown as Response;
			const location = isRedirect(response.status) ? response.headers.get("location") : null;
			if (location === null) {
				return await limited(response, guard.maxBytes, (error) => typed(error, address, signal));
			}
			await response.body?.cancel();
			const next = new URL(location, address);
			request = redirected(request, response.status, next.origin === address.origin);
			address = next;
		}
	} catch (error) {
		throw typed(error, address, signal);
	}
	throw new DeDiffusionError("BACKEND_PROTOCOL", `The backend redirects more than ${maxRedirects} times.`);
}

function isRedirect(status: number): boolean {
	return [301, 302, 303, 307, 308].includes(status);
}

function checkAddress(address: URL, isTrusted: boolean): void {
	if (address.protocol !== "http:" && address.protocol !== "https:") {
		throw new DeDiffusionError("BACKEND_PROTOCOL", `The backend leads to a ${address.protocol} address.`);
	}
	if (!isTrusted) {
		checkLiteral(address, isPublicAddress);
	}
}

/** The request as it goes on: as browsers change it, and without its keys where it leaves the origin. */
function redirected(
	{ method = "GET", body, headers, ...rest }: RequestInit,
	status: number,
	stays: boolean,
): RequestInit {
	const becomesGet = status === 303 || (status <= 302 && method.toUpperCase() === "POST");
	const kept = [...new Headers(headers)].filter(([name]) => stays || harmlessHeaders.includes(name));
	return becomesGet
		? { ...rest, method: "GET", headers: kept.filter(([name]) => name !== "content-type") }
		: { ...rest, method, headers: kept, ...(body !== undefined && { body }) };
}

/** The same answer with a body that ends with an error beyond the limit, or as soon as it announces to be beyond. */
async function limited(response: Response, maxBytes: number, explain: (error: unknown) => Error): Promise<Response> {
	const { status, statusText, headers, body } = response;
	const announced = Number(headers.get("content-length") ?? 0);
	if (announced > maxBytes) {
		await body?.cancel();
		throw tooLarge(`announces ${announced}, more`, maxBytes);
	}
	const rest = body === null ? null : ReadableStream.from(counted(body, maxBytes, explain));
	// Not a copy of the headers: the body is decoded already, whatever they say of its encoding and length.
	const plain = [...headers].filter(([name]) => name !== "content-encoding" && name !== "content-length");
	return new Response(rest, { status, statusText, headers: plain });
}

async function* counted(body: AsyncIterable<Uint8Array>, maxBytes: number, explain: (error: unknown) => Error) {
	let bytes = 0;
	try {
		for await (const chunk of body) {
			bytes += chunk.length;
			if (bytes > maxBytes) {
				throw tooLarge("has more", maxBytes);
			}
			yield chunk;
		}
	} catch (error) {
		throw explain(error);
	}
}

function tooLarge(what: string, maxBytes: number): DeDiffusionError {
	return new DeDiffusionError("BACKEND_PROTOCOL", `The backend's answer ${what} than the ${maxBytes} bytes allowed.`);
}
