/**
 * WebSockets of services: for backends that say over one how far they are.
 *
 * @module
 */
import type { ConnectOptions } from "./http.ts";

/**
 * An open WebSocket. Iterate it, once, for its messages in order: text, or bytes. They are kept until they are read. The
 * end comes when either side closes it.
 *
 * @throws DeDiffusionError While it is iterated: `BACKEND_UNAVAILABLE` if the connection breaks, `BACKEND_PROTOCOL` if a
 * message is larger than allowed or against the protocol, `BACKEND_TIMEOUT` or `ABORTED` by its signal.
 */
export interface ServiceSocket extends AsyncIterable<string | Uint8Array> {
	send(message: string | Uint8Array): void;
	close(): void;
}

export interface SocketInit {
	/** Ends the socket, whether it is open yet or not. */
	readonly signal: AbortSignal;
	readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Opens a WebSocket at an address of the service: `ws:`, `wss:`, `http:` or `https:`. No other origin is reached, and no
 * redirect followed.
 *
 * @throws DeDiffusionError `BACKEND_UNAVAILABLE` if nobody answers, the code of its status if the service refuses,
 * `BACKEND_PROTOCOL` if the address is not the service's, `BACKEND_TIMEOUT` or `ABORTED` by its signal.
 */
export type GuardedSocket = (address: string | URL, init: SocketInit) => Promise<ServiceSocket>;

/** Opens the way to one service, as `connect` does. Call it in `setup`; nothing is sent yet. `maxBytes` is for one message. */
export type ConnectSocket = (options: ConnectOptions) => GuardedSocket;
