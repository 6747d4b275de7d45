/**
 * A service for the tests of plugins: real HTTP on a free port of this machine.
 *
 * @module
 */
import { once } from "node:events";
import {
	createServer,
	type IncomingHttpHeaders,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** One request that the service was sent. */
export interface Asked {
	readonly method: string;
	readonly path: string;
	readonly headers: IncomingHttpHeaders;
	/** Parsed, where it was JSON. */
	readonly body: ReturnType<typeof JSON.parse>;
}

/** A running service. */
export interface TestService {
	/** E.g. `http://127.0.0.1:40001`. */
	readonly url: string;
	/** What it was asked, in order. */
	readonly asked: Asked[];
	/** To add to what it speaks, e.g. WebSockets. */
	readonly server: Server;
	close(): void;
}

/** What a service answers: JSON unless it writes the response itself. */
export type Answer = (asked: Asked, response: ServerResponse) => object | undefined | Promise<object | undefined>;

/** Starts a service that answers as it is told. It must be closed. */
export async function startService(answer: Answer): Promise<TestService> {
	const asked: Asked[] = [];
	const server = createServer(async (request, response) => {
		const now = await read(request);
		asked.push(now);
		const body = await answer(now, response);
		if (body !== undefined) {
			response.setHeader("content-type", "application/json").end(JSON.stringify(body));
		}
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const close = () => {
		server.close();
		server.closeAllConnections();
	};
	return { url, asked, server, close };
}

async function read(request: IncomingMessage): Promise<Asked> {
	const { method = "", url: path = "", headers } = request;
	const body = await text(request);
	return { method, path, headers, body: body === "" ? undefined : JSON.parse(body) };
}

/** A PNG of one colour that depends on everything given. */
export async function pictureOf(width: number, height: number, ...given: readonly unknown[]): Promise<Buffer> {
	const sum = [...JSON.stringify(given)].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) >>> 0, 7);
	const { default: sharp } = await import("sharp");
	const background = { r: sum & 255, g: (sum >> 8) & 255, b: (sum >> 16) & 255 };
	return sharp({ create: { width, height, channels: 3, background } })
		.png()
		.toBuffer();
}
