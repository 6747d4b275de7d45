/**
 * How the commands talk: results on standard output, everything else on standard error.
 *
 * @module
 */
import { asFailure, type Failure } from "../core/calling/failure.ts";
import type { Measure } from "../core/metrics/measures.ts";
import { DeDiffusionError } from "../plugins/index.ts";

/** One line of progress that overwrites itself on a terminal; elsewhere a line for each change of the message. */
export class Progress {
	readonly #stream: NodeJS.WriteStream;
	#last = "";

	constructor(stream: NodeJS.WriteStream = process.stderr) {
		this.#stream = stream;
	}

	/** @param fraction From 0 to 1, where it is known. */
	show(message: string, fraction?: number): void {
		if (this.#stream.isTTY) {
			const share = fraction === undefined ? "" : ` ${Math.round(fraction * 100)}%`;
			this.#stream.write(`\r\x1b[K${message}${share}`);
		} else if (message !== this.#last) {
			this.#stream.write(`${message}\n`);
		}
		this.#last = message;
	}

	/** Removes the line, so that what follows starts on a clean one. */
	end(): void {
		if (this.#stream.isTTY && this.#last !== "") {
			this.#stream.write("\r\x1b[K");
		}
	}
}

/** A number of bytes for a person, e.g. `1.7 GB`; a kilobyte has 1,000. */
export function bytesInWords(bytes: number): string {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let [value, unit] = [bytes, 0];
	// What would be rounded up to 1,000 is one of the next unit.
	while (value >= 999.5 && unit < units.length - 1) {
		value /= 1000;
		unit++;
	}
	return `${value >= 9.95 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** What a metric says, for a person, e.g. `LPIPS 0.312`; a dash where it says nothing. */
export function measureInWords({ name, value, unit }: Measure): string {
	const number = value === null ? "-" : String(Number(value.toPrecision(4)));
	return `${name} ${number}${unit === undefined ? "" : ` ${unit}`}`;
}

/** One line for a person: what happened, its code, what to do. */
export function friendlyLine(error: unknown): string {
	if (DeDiffusionError.is(error)) {
		return failureLine(error);
	}
	return `${error instanceof Error ? error.message : String(error)} [INTERNAL]`;
}

/** The same of what failed while the rest stands. */
export function failureLine({ code, message, advice }: Pick<Failure, "code" | "message" | "advice">): string {
	return [message, `[${code}]`, ...(advice === undefined ? [] : [advice])].join(" ");
}

/** The same as JSON, for `--json`. */
export function errorJson(error: unknown): string {
	if (DeDiffusionError.is(error)) {
		return JSON.stringify({ error: asFailure(error) });
	}
	return JSON.stringify({
		error: { code: "INTERNAL", message: error instanceof Error ? error.message : String(error) },
	});
}

/** Writes a result: as JSON, or as the line that a person wants to read. */
export function printResult(json: boolean | undefined, result: object, line: string): void {
	process.stdout.write(`${json ? JSON.stringify(result, null, 2) : line}\n`);
}
