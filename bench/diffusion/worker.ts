/**
 * Processes that are asked over standard input, so that each side of a measurement has memory and threads of its own.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** A process that answers. */
export interface Worker<Question, Answer> {
	/** For people. */
	readonly name: string;
	ask(question: Question): Promise<Answer>;
	/** Most memory that the process ever had, in bytes; undefined where the system does not say. */
	peakMemory(): number | undefined;
	close(): Promise<void>;
}

/** What is drawn; `count` pictures in one batch, from consecutive seeds. */
export interface Drawing {
	readonly prompt: string;
	readonly seed: number;
	readonly steps: number;
	readonly guidanceScale: number;
	/** Pixels. */
	readonly width: number;
	readonly height: number;
	readonly count: number;
	/** File for the pictures' bytes, RGB, one after the other; written when the clock has stopped. */
	readonly output?: string;
}

export interface Drawn {
	/** From the texts to bytes of pixels. */
	readonly seconds: number;
	/** Of these, inside of the runtime; only the server's pipeline says it. */
	readonly runSeconds?: number;
}

export type Painter = Worker<Drawing, Drawn>;

/**
 * Starts a process that answers each line of its input with one of JSON, after a first line when it is ready.
 *
 * @throws Error with what the process wrote to standard error, if it ends early.
 */
export async function startWorker<Question, Answer>(
	name: string,
	command: string,
	words: readonly string[],
): Promise<Worker<Question, Answer>> {
	const child = spawn(command, words, { stdio: ["pipe", "pipe", "pipe"] });
	const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	let complaints = "";
	child.stderr.on("data", (text) => {
		complaints = (complaints + text).slice(-4000);
	});
	const next = async (): Promise<Answer> => {
		const { value, done } = await answers.next();
		if (done) throw new Error(`${name} ended. It said:\n${complaints}`);
		return JSON.parse(value) as Answer;
	};
	await next();
	return {
		name,
		ask(question) {
			child.stdin.write(`${JSON.stringify(question)}\n`);
			return next();
		},
		peakMemory: () => peakMemory(child),
		async close() {
			child.stdin.end();
			if (child.exitCode === null) await once(child, "exit");
		},
	};
}

function peakMemory({ pid }: ChildProcess): number | undefined {
	try {
		const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
		return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
	} catch {
		return undefined;
	}
}
