import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { type Answer, startService, type TestService } from "../testing/service.ts";
import { createConnections } from "./connections.ts";

const closers: (() => void)[] = [];

afterEach(() => {
	for (const close of closers.splice(0)) close();
});

async function serve(answer: Answer = () => ({})): Promise<TestService> {
	const service = await startService(answer);
	closers.push(service.close);
	return service;
}

/** A service that speaks over WebSockets as it is told. */
async function serveSockets(speak: (socket: WebSocket, path?: string) => void): Promise<TestService> {
	const service = await serve();
	const sockets = new WebSocketServer({ server: service.server });
	sockets.on("connection", (socket, { url }) => speak(socket, url));
	closers.push(() => {
		for (const socket of sockets.clients) socket.terminate();
	});
	return service;
}

const never = new AbortController().signal;
const open = (url: string, { signal = never, maxBytes = 1000 } = {}) =>
	createConnections().connectSocket({ url, maxBytes })(`${url}/ws?a=1`, { signal });

async function read(messages: AsyncIterable<string | Uint8Array>): Promise<(string | Uint8Array)[]> {
	const all = [];
	for await (const message of messages) all.push(message);
	return all;
}

describe("a WebSocket", () => {
	it("gives text and bytes in order, also those that came before they were asked for", async () => {
		const { url } = await serveSockets((socket, path) => {
			socket.send(`hello ${path}`);
			socket.send(Buffer.from([1, 2]));
			socket.on("message", (data) => {
				socket.send(`you said ${data}`);
				socket.close();
			});
		});
		const socket = await open(url);
		socket.send("yes");
		expect(await read(socket)).toEqual(["hello /ws?a=1", Buffer.from([1, 2]), "you said yes"]);
	});

	it("ends for both when it is closed", async () => {
		const closed = Promise.withResolvers<void>();
		const { url } = await serveSockets((socket) => socket.on("close", () => closed.resolve()));
		const socket = await open(url);
		socket.close();
		expect(await read(socket)).toEqual([]);
		await closed.promise;
	});

	it("ends when whoever opened it hangs up altogether", async () => {
		const closed = Promise.withResolvers<void>();
		const { url } = await serveSockets((socket) => socket.on("close", () => closed.resolve()));
		const connections = createConnections();
		await connections.connectSocket({ url })(url.replace("http", "ws"), { signal: never });
		await connections.close();
		await closed.promise;
	});

	it("that breaks says so, after what came before", async () => {
		const { url } = await serveSockets((socket) => socket.send("half", () => socket.terminate()));
		const messages: unknown[] = [];
		const reading = (async () => {
			for await (const message of await open(url)) messages.push(message);
		})();
		await expect(reading).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
		expect(messages).toEqual(["half"]);
	});

	it("takes no message that is larger than allowed", async () => {
		const { url } = await serveSockets((socket) => socket.send(Buffer.alloc(1001)));
		await expect(read(await open(url))).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(/payload size/),
		});
	});

	it("gives nothing more once it is given up, not even what has come already", async () => {
		const controller = new AbortController();
		const { url } = await serveSockets((socket) => {
			for (const word of ["one", "two", "three"]) socket.send(word);
			socket.close();
		});
		const words: unknown[] = [];
		const reading = (async () => {
			for await (const word of await open(url, { signal: controller.signal })) {
				words.push(word);
				controller.abort();
			}
		})();
		await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
		expect(words).toEqual(["one"]);
	});

	it("is given up with its signal, open or not", async () => {
		const controller = new AbortController();
		const { url } = await serveSockets(() => controller.abort());
		await expect(open(url, { signal: controller.signal }).then(read)).rejects.toMatchObject({ code: "ABORTED" });
		await expect(open(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
		const late = AbortSignal.abort(new DOMException("too late", "TimeoutError"));
		await expect(open(url, { signal: late })).rejects.toMatchObject({ code: "BACKEND_TIMEOUT" });
	});
});

describe("a service without WebSockets", () => {
	it.each([
		[401, "BACKEND_AUTH"],
		[404, "BACKEND_INVALID_REQUEST"],
		[503, "BACKEND_UNAVAILABLE"],
		[200, "BACKEND_PROTOCOL"],
	])("that answers %i is understood", async (status, code) => {
		const { url, server } = await serve();
		server.on("upgrade", (_, stream) =>
			stream.end(`HTTP/1.1 ${status} No\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n`),
		);
		await expect(open(url)).rejects.toMatchObject({ code, retryAfterMs: 5000 });
	});

	it("that does not run is unavailable", async () => {
		const { url, server, close } = await serve();
		close();
		await once(server, "close");
		await expect(open(url)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
	});
});

describe("the guard", () => {
	it.each(["ws://127.0.0.1:1/ws", "wss://example.com/ws", "http://10.0.0.1/"])(
		"reaches the service itself alone, not %s",
		async (address) => {
			const { url, asked } = await serve();
			const connect = createConnections({ privateOrigins: ["http://10.0.0.1"] }).connectSocket({ url });
			await expect(connect(address, { signal: never })).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
			expect(asked).toEqual([]);
		},
	);

	it("follows no redirect", async () => {
		const other = await serveSockets(() => undefined);
		const { url, server } = await serve();
		server.on("upgrade", (_, stream) =>
			stream.end(`HTTP/1.1 307 Go\r\nlocation: ${other.url}/ws\r\ncontent-length: 0\r\n\r\n`),
		);
		await expect(open(url)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL", message: "The backend answered 307." });
	});

	it("hides the key of the headers", async () => {
		const { url } = await serveSockets(() => undefined);
		const { connectSocket, redaction } = createConnections();
		await connectSocket({ url, secrets: ["told-of-it"] })(url, {
			signal: never,
			headers: { authorization: "Bearer sent-along" },
		});
		expect(redaction.text("told-of-it sent-along")).toBe("[redacted] [redacted]");
	});
});
