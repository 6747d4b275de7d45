/**
 * The server's door: engine and HTTP together, from the first byte to an ordered end.
 *
 * @module
 */
import type { AddressInfo } from "node:net";
import { isIP } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Configuration } from "./configuration.ts";
import { createEngine, type Engine } from "./core/engine.ts";
import { showExample } from "./example.ts";
import { isLoopback } from "./http/access.ts";
import { createApp } from "./http/app.ts";
import { DeDiffusionError } from "./plugins/index.ts";

export interface RunningServer {
	/** Where it listens, e.g. `http://127.0.0.1:4000`. */
	readonly url: string;
	readonly engine: Engine;
	/** Refuses new work, lets requests finish, leaves unfinished cells to resume, then closes everything. Safe to call twice. */
	close(): Promise<void>;
}

export interface ServerOptions {
	readonly logLevel?: "silent" | "error" | "warn" | "info";
	/** Told the size of each batch of pictures that an encoder runs. */
	readonly onEncodeBatch?: (encoder: string, size: number) => void;
	/** Milliseconds at the end for requests to finish, and again for decoders to give up. Default 5000. */
	readonly graceMs?: number;
}

const defaultGraceMs = 5000;

/**
 * @throws DeDiffusionError `BIND_REFUSED` for an address beyond this machine without a token, `PORT_IN_USE`, and whatever
 * keeps the engine from opening.
 */
export async function startServer(configuration: Configuration, options: ServerOptions = {}): Promise<RunningServer> {
	const { host, port, token } = configuration;
	if (token === undefined && !isLoopback(host)) {
		throw new DeDiffusionError("BIND_REFUSED", `The address ${host} can be reached from other machines.`, {
			input: "host",
		});
	}

	const { graceMs = defaultGraceMs } = options;
	let ready = true;
	let app: FastifyInstance | undefined;
	const engine = await createEngine(configuration.engine, {
		log: (level, message) => app?.log[level](message),
		onEncodeBatch: options.onEncodeBatch,
		graceMs,
	});
	const close = once(async () => {
		ready = false;
		const impatience = setTimeout(() => app?.server.closeAllConnections(), graceMs);
		await app?.close();
		clearTimeout(impatience);
		await engine.close();
	});

	try {
		app = await createApp({ engine, token, isReady: () => ready, logLevel: options.logLevel });
		await app.listen({ host, port });
		await engine.start();
		if (configuration.isBundled) {
			await showExample(engine);
		}
		return { url: urlOf(host, app.server.address() as AddressInfo), engine, close };
	} catch (error) {
		await close();
		throw listenError(error, host, port);
	}
}

/** What the system says about an address, in the words of our table; anything else as it is. */
function listenError(cause: unknown, host: string, port: number): unknown {
	const { code, syscall } = cause as NodeJS.ErrnoException;
	if (code === "EADDRINUSE") {
		return new DeDiffusionError("PORT_IN_USE", `Another program listens on port ${port} of ${host}.`, {
			input: "port",
			cause,
		});
	}
	if (syscall === "listen" || syscall === "getaddrinfo") {
		return new DeDiffusionError("CONFIG_INVALID", `The server cannot listen on port ${port} of ${host} (${code}).`, {
			input: "host",
			advice: "Choose an address of this machine and a port that you may open.",
			cause,
		});
	}
	return cause;
}

function urlOf(host: string, address: AddressInfo): string {
	return `http://${isIP(host) === 6 ? `[${host}]` : host}:${address.port}`;
}

function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
	let result: Promise<Result> | undefined;
	return () => {
		result ??= action();
		return result;
	};
}
