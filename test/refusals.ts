/**
 * What every refusal owes its reader: a code of the table, advice, and nothing of the server's insides.
 *
 * @module
 */
import { expect } from "vitest";
import { errorCodes } from "../src/plugins/index.ts";
import { type Answer, type ApiError, answerOf } from "./server.ts";

export interface Refusal {
	readonly status: number;
	readonly message: string;
	readonly code: string;
	readonly input?: string;
	readonly advice: string;
}

/** The first error of an answer, checked for what holds for every error. */
export async function refusalOf(answer: Response | Answer): Promise<Refusal> {
	const { status, body, errors } = answer instanceof Response ? await answerOf(answer) : answer;
	const [error] = errors as readonly [ApiError];
	const { code, input, advice } = error.extensions;
	expect(Object.keys(errorCodes)).toContain(code);
	expect(error.message).toMatch(/\S/);
	expect(advice).toMatch(/\S/);
	expectNoInsides(body);
	return { status, message: error.message, code, advice, ...(input !== undefined && { input }) };
}

/** Neither stack traces nor the names of our files. */
export function expectNoInsides(text: string): void {
	expect(text).not.toMatch(/stack(trace)?"|^\s+at |\bat \S+ \(|node_modules|\.[jt]s:\d+/m);
}
