/**
 * The real server for journey tests: a free port, the tiny models, a data folder of its own, decoders made by the test.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { Configuration } from "../src/configuration.ts";
import { type Config, type Decoder, definePlugin, type Plugin } from "../src/plugins/index.ts";
import { type RunningServer, type ServerOptions, startServer } from "../src/server.ts";
import { tinyEncoder, tinyPipeline } from "./fixtures.ts";

export interface TestServer extends RunningServer {
	readonly dataFolder: string;
	/** Sizes of the batches that encoders ran, in their order. */
	readonly batches: number[];
	/** Asks the API by POST. */
	ask(query: string, variables?: object): Promise<Answer>;
}

export interface ServeOptions
	extends Partial<Pick<Configuration, "host" | "port" | "token">>,
		Pick<ServerOptions, "graceMs"> {
	/** Beside the tiny Stable Diffusion folder, which is `tiny`. */
	readonly decoders?: readonly Decoder[];
	/** Default: a new one that is removed when the server is closed. */
	readonly dataFolder?: string;
	readonly engine?: Config;
}

/** GraphQL's answer. */
export interface Answer {
	readonly status: number;
	/** The body as it came. */
	readonly body: string;
	/** Untyped, as JSON is: a test looks at what it asked for, and a field that is not there fails it. */
	readonly data: ReturnType<typeof JSON.parse>;
	readonly errors?: readonly ApiError[];
}

export interface ApiError {
	readonly message: string;
	readonly path?: readonly (string | number)[];
	readonly extensions: {
		readonly code: string;
		readonly input?: string;
		readonly advice: string;
		readonly retryable: boolean;
	};
}

/** Empty folder that is removed at the end of the test. */
export async function scratchFolder(): Promise<string> {
	return untilTheEnd(await newFolder());
}

function newFolder(): Promise<string> {
	return mkdtemp(join(tmpdir(), "dediffusion-test-"));
}

function untilTheEnd(folder: string): string {
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	return folder;
}

/** Decoders of a test as a plugin, made as anybody makes one. */
export function pluginOf(...decoders: readonly Decoder[]): Plugin {
	return definePlugin({ name: "of-the-test", options: z.strictObject({}), setup: () => decoders })({});
}

/** What the server is started with in {@link serve}. */
export function configurationOf(dataFolder: string, options: ServeOptions = {}): Configuration {
	const { decoders = [], engine, host = "127.0.0.1", port = 0, token } = options;
	return {
		engine: {
			plugins: [
				stableDiffusion({ models: [{ id: "tiny", folder: tinyPipeline, steps: 2 }] }),
				...(decoders.length > 0 ? [pluginOf(...decoders)] : []),
			],
			encoders: [{ id: "tiny-encoder", folder: tinyEncoder }],
			inference: { providers: ["cpu"], threads: 1 },
			...engine,
			dataFolder,
		},
		isBundled: false,
		host,
		port,
		token,
	};
}

/** Starts a server. It must be closed. */
export async function serve(options: ServeOptions = {}): Promise<TestServer> {
	const dataFolder = options.dataFolder ?? (await newFolder());
	const batches: number[] = [];
	const server = await startServer(configurationOf(dataFolder, options), {
		logLevel: "silent",
		...(options.graceMs !== undefined && { graceMs: options.graceMs }),
		onEncodeBatch: (_encoder, size) => void batches.push(size),
	});
	return {
		...server,
		dataFolder,
		batches,
		ask: (query, variables) => ask(server.url, query, variables),
		async close() {
			await server.close();
			if (options.dataFolder === undefined) {
				await rm(dataFolder, { recursive: true, force: true });
			}
		},
	};
}

/** Asks the server at an address, by POST. */
export async function ask(url: string, query: string, variables?: object): Promise<Answer> {
	const response = await fetch(`${url}/graphql`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ query, variables }),
	});
	return answerOf(response);
}

export async function answerOf(response: Response): Promise<Answer> {
	const body = await response.text();
	return { ...JSON.parse(body), status: response.status, body };
}

/** Asks until the answer is what is waited for; the test's own time limit ends a vain wait. */
export async function until(url: string, query: string, isSo: (data: Answer["data"]) => boolean): Promise<Answer> {
	for (;;) {
		const answer = await ask(url, query);
		if (answer.errors !== undefined) {
			throw new Error(answer.body);
		}
		if (isSo(answer.data)) {
			return answer;
		}
	}
}
