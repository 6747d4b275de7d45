/**
 * The command line as a process of its own.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const cli = fileURLToPath(new URL("../dist/src/cli.js", import.meta.url));

/** The configuration with the tiny models. */
export const house: string = fileURLToPath(new URL("fixtures/house/dediffusion.config.ts", import.meta.url));

export interface ProcessOptions {
	/** Working folder; its configuration file is used where none is named. */
	readonly folder?: string;
	readonly environment?: Readonly<Record<string, string>>;
	readonly input?: Uint8Array;
	/** Of a server. Default: the one with the tiny models. */
	readonly config?: string;
}

export interface Finished {
	/** Exit code; null when a signal ended it. */
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

function start(args: readonly string[], { folder, environment = {} }: ProcessOptions): ChildProcess {
	const inherited = Object.fromEntries(
		Object.entries(process.env).filter(([name]) => !name.startsWith("DEDIFFUSION_")),
	);
	const child = spawn(process.execPath, [cli, ...args], { cwd: folder, env: { ...inherited, ...environment } });
	onTestFinished(() => void child.kill("SIGKILL"));
	return child;
}

/** Runs a command to its end. */
export async function run(args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
	const child = start(args, options);
	child.stdin?.end(options.input);
	const [stdout, stderr, [code]] = await Promise.all([
		text(child.stdout as NonNullable<typeof child.stdout>),
		text(child.stderr as NonNullable<typeof child.stderr>),
		once(child, "close"),
	]);
	return { code, stdout, stderr };
}

export interface ServerProcess {
	readonly url: string;
	/** All that it has printed so far, its log included. */
	printed(): string;
	/** Ends it with a signal; resolves with its exit code, null when it did not end itself. */
	end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `serve` on a free port and waits until it is ready. */
export async function startProcess(dataFolder: string, options: ProcessOptions = {}): Promise<ServerProcess> {
	const { config = house } = options;
	const child = start(["serve", "--verbose", "--config", config, "--port", "0", "--data", dataFolder], options);
	const ended = once(child, "exit");
	let printed = "";
	const url = await new Promise<string>((resolve, reject) => {
		const read = (chunk: Buffer) => {
			printed += chunk;
			const [ready] = /http:\/\/\S+:\d+/.exec(printed) ?? [];
			if (ready !== undefined) {
				resolve(ready);
			}
		};
		child.stdout?.on("data", read);
		child.stderr?.on("data", read);
		ended.then(() => reject(new Error(`The server did not start: ${printed}`)), reject);
	});
	return {
		url,
		printed: () => printed,
		async end(signal) {
			child.kill(signal);
			const [code] = await ended;
			return code;
		},
	};
}
