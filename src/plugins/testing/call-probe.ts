/**
 * Anything of a plugin under test: calls it, keeps what went wrong, and never waits for ever.
 *
 * @module
 */
import type { ErrorCode } from "../error-codes.ts";
import { DeDiffusionError } from "../errors.ts";
import { Holdings } from "./holdings.ts";

/** What is common to all that a plugin gives. */
export interface Subject {
	readonly id: string;
	readonly name: string;
	readonly lane: string;
	health?(signal: AbortSignal): Promise<void>;
	close?(): Promise<void>;
}

/** What the contract asks of all that a plugin gives. */
export type SharedRuleName = "description" | "abort" | "health" | "errors" | "rejections" | "close";

/** Something done otherwise than the contract says. */
export interface Finding<Rule extends string = string> {
	readonly rule: Rule;
	/** What it does, as the end of a sentence about it. */
	readonly message: string;
}

export interface CallOptions<Rule extends string = string> {
	/** Longest time that one call may take, in milliseconds. Default 60,000. */
	readonly patienceMs?: number;
	/** How many things it holds that `close` must release, e.g. open sessions. Looked at after `close`. */
	readonly leftovers?: () => number | Promise<number>;
	/** Rules that are not looked at; say why beside it. */
	readonly skip?: readonly Rule[];
}

export class CallProbe<Rule extends string = SharedRuleName> {
	readonly subject: Subject;
	readonly findings: Finding[] = [];
	readonly holdings = new Holdings();
	readonly #options: CallOptions;

	constructor(subject: Subject, options: CallOptions) {
		this.subject = subject;
		this.#options = options;
	}

	find(rule: Rule, message: string): void {
		if (!this.findings.some((known) => known.rule === rule && known.message === message)) {
			this.findings.push({ rule, message });
		}
	}

	skips(rule: Rule): boolean {
		return this.#options.skip?.includes(rule) ?? false;
	}

	/** What `close` should have released. */
	async leftovers(): Promise<number> {
		return (await this.#options.leftovers?.()) ?? 0;
	}

	/** Waits for a call, but not for ever. @throws What it throws; an error without a code is a finding too. */
	async call<Result>(action: () => Promise<Result>): Promise<Result> {
		const { patienceMs = 60_000 } = this.#options;
		const { promise: tooLong, reject } = Promise.withResolvers<never>();
		const timer = setTimeout(() => reject(new Unsettled(`does not settle within ${patienceMs} ms`)), patienceMs);
		try {
			return await Promise.race([this.holdings.during(action), tooLong]);
		} catch (error) {
			if (!DeDiffusionError.is(error) && !(error instanceof Unsettled)) {
				const message = `throws ${nameOf(error)} instead of a DeDiffusionError: ${messageOf(error)}`;
				(this as CallProbe<string>).find("errors", message);
			}
			throw error;
		} finally {
			clearTimeout(timer);
		}
	}
}

/** A call that neither succeeds nor fails. */
export class Unsettled extends Error {
	override readonly name = "Unsettled";
}

export function nameOf(error: unknown): string {
	return error instanceof Error ? error.name : `the ${typeof error}`;
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** The code that a rejection carries; undefined for one without. */
export function codeOf(error: unknown): ErrorCode | undefined {
	return DeDiffusionError.is(error) ? error.code : undefined;
}
