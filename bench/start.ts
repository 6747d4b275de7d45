/**
 * How long `npm start` takes, from the command to the first 200 of `/readyz`.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { repository } from "./built.ts";
import type { Finding } from "./report.ts";

const betweenTries = 10;
const longestStart = 120_000;

/** Starts a server twice on one data folder: the first time it is empty. */
export async function measureStart(config: string | undefined): Promise<Finding[]> {
	const dataFolder = await mkdtemp(join(tmpdir(), "dediffusion-bench-"));
	try {
		const first = await startOnce(dataFolder, config);
		const again = await startOnce(dataFolder, config);
		const finding = (name: string, seconds: number, details: string): Finding => ({
			name,
			measured: seconds,
			budget: 3,
			digits: 2,
			unit: "s",
			details,
		});
		return [
			finding("npm start to ready, the first time", first, "already built; the data folder is empty"),
			finding("npm start to ready, again", again, "already built; the data folder is that of the first start"),
		];
	} finally {
		await rm(dataFolder, { recursive: true, force: true });
	}
}

async function startOnce(dataFolder: string, config: string | undefined): Promise<number> {
	const port = await freePort();
	const start = performance.now();
	const words = ["start", "--", "--port", String(port), "--data", dataFolder];
	const server = spawn("npm", config === undefined ? words : [...words, "--config", config], {
		cwd: repository,
		stdio: ["ignore", "pipe", "pipe"],
		// A group of its own, so that the server itself gets the signal that npm may not pass on.
		detached: true,
	});
	let output = "";
	for (const stream of [server.stdout, server.stderr]) {
		stream.on("data", (text) => {
			output += text;
		});
	}
	const stopBoth = () => {
		stop(server);
		process.exit(1);
	};
	process.once("SIGINT", stopBoth).once("SIGTERM", stopBoth);
	try {
		await untilReady(`http://127.0.0.1:${port}/readyz`, server);
		return (performance.now() - start) / 1000;
	} catch (cause) {
		throw new Error(`npm start did not bring a server up. It said:\n${output}`, { cause });
	} finally {
		process.off("SIGINT", stopBoth).off("SIGTERM", stopBoth);
		stop(server);
		await untilGone(server);
	}
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
	const deadline = performance.now() + longestStart;
	while (performance.now() < deadline && server.exitCode === null) {
		const status = await fetch(url).then(
			(response) => response.status,
			() => undefined,
		);
		if (status === 200) {
			return;
		}
		await pause(betweenTries);
	}
	throw new Error(server.exitCode === null ? "It took too long." : `It ended with ${server.exitCode}.`);
}

function stop({ pid }: ChildProcess): void {
	if (pid !== undefined && groupLives(pid)) {
		process.kill(-pid, "SIGTERM");
	}
}

/** npm ends before the server that it started, which still closes its database. */
async function untilGone({ pid }: ChildProcess): Promise<void> {
	while (pid !== undefined && groupLives(pid)) {
		await pause(betweenTries);
	}
}

function groupLives(pid: number): boolean {
	try {
		return process.kill(-pid, 0);
	} catch {
		return false;
	}
}

async function freePort(): Promise<number> {
	const probe = createServer().listen(0, "127.0.0.1");
	await once(probe, "listening");
	const address = probe.address();
	probe.close();
	await once(probe, "close");
	return typeof address === "object" && address !== null ? address.port : 0;
}
