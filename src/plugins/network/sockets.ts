/**
 * The WebSockets that plugins have open.
 *
 * @module
 */
import { on, once } from "node:events";
import type { ClientOptions, WebSocket } from "ws";
import { DeDiffusionError } from "../errors.ts";
import { failureOf } from "../http.ts";
import type { ServiceSocket } from "../socket.ts";
import { typed } from "./failures.ts";

export interface SocketOptions {
	readonly signal: AbortSignal;
	readonly headers: Headers;
	/** Largest message. */
	readonly maxBytes: number;
}

/** Milliseconds that the other side has to say goodbye. */
const farewellMs = 1000;
/** The code of a connection that ended without goodbye (RFC 6455, 7.4.1). */
const brokenOff = 1006;

export class Sockets {
	readonly #open = new Set<WebSocket>();

	/** @throws DeDiffusionError As `GuardedSocket`. */
	async open(address: URL, { signal, headers, maxBytes }: SocketOptions): Promise<ServiceSocket> {
		// Loaded when the first one is opened: many servers never open any.
		const { WebSocket } = await import("ws");
		if (signal.aborted) {
			throw typed(signal.reason, address, signal);
		}
		// The types do not know how long a goodbye may take.
		const options: ClientOptions & { closeTimeout: number } = {
			headers: Object.fromEntries(headers),
			maxPayload: maxBytes,
			closeTimeout: farewellMs,
			perMessageDeflate: false,
		};
		const socket = new WebSocket(address, options);
		this.#open.add(socket);
		const end = () => socket.terminate();
		signal.addEventListener("abort", end, { once: true });
		let wasClosed = false;
		let isBroken = false;
		socket.on("close", (code) => {
			isBroken = code === brokenOff && !wasClosed;
			signal.removeEventListener("abort", end);
			this.#open.delete(socket);
		});
		// An error reaches whoever opens or reads it; without a listener it would end the process.
		socket.on("error", () => undefined);
		const messages = on(socket, "message", { close: ["close"], signal });
		try {
			await opened(socket, signal);
		} catch (error) {
			socket.terminate();
			throw typed(error, address, signal);
		}

		async function* read(): AsyncGenerator<string | Uint8Array> {
			try {
				for await (const [data, isBinary] of messages) {
					// What came before is of no use any more.
					signal.throwIfAborted();
					yield isBinary ? (data as Buffer) : String(data);
				}
			} catch (error) {
				throw isAgainstProtocol(error)
					? new DeDiffusionError("BACKEND_PROTOCOL", `A message of the backend cannot be read: ${error.message}.`)
					: typed(error, address, signal);
			}
			if (isBroken) {
				throw typed(new Error("The WebSocket ended without a goodbye."), address, signal);
			}
		}

		return {
			send: (message) => socket.send(message),
			close: () => {
				wasClosed = true;
				socket.close();
			},
			[Symbol.asyncIterator]: read,
		};
	}

	close(): void {
		for (const socket of this.#open) {
			socket.terminate();
		}
	}
}

/** Resolves when the socket is open; fails with what the service answers instead, or with why it does not. */
async function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
	const { promise: refused, reject } = Promise.withResolvers<never>();
	socket.once("unexpected-response", (_request, { statusCode = 500, headers }) => {
		const retryAfter = headers["retry-after"];
		const answer = { status: statusCode, ...(retryAfter && { headers: { "retry-after": retryAfter } }) };
		failureOf(new Response(null, answer)).then(reject, reject);
	});
	await Promise.race([once(socket, "open", { signal }), refused]);
}

/** Errors of the library that reads frames, e.g. for one that is too large. */
function isAgainstProtocol(error: unknown): error is Error {
	return error instanceof Error && "code" in error && String(error.code).startsWith("WS_ERR_");
}
