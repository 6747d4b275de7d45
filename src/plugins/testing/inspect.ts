/**
 * The course of a check: a first call, then rule by rule, and the end.
 *
 * @module
 */
import { type CallProbe, codeOf, type Finding, messageOf, type SharedRuleName } from "./call-probe.ts";
import { checkClose } from "./rules/close.ts";

/** What a contract asks. */
export interface AnyRule<Probe, Baseline> {
	/** What it does that keeps to it. */
	readonly meaning: string;
	/** Tells the probe what it finds. Whatever it throws is a finding as well. */
	readonly check: (probe: Probe, baseline: Baseline) => Promise<void> | void;
}

/** Something that does not keep to its contract; the message lists every finding. */
export class ConformanceError extends Error {
	override readonly name = "ConformanceError";
	readonly findings: readonly Finding[];

	/** @param what E.g. `decoder painter`. */
	constructor(what: string, findings: readonly Finding[]) {
		const lines = findings.map(({ rule, message }) => `  ${rule}: it ${message}.`);
		super(`The ${what} does not keep to the contract:\n${lines.join("\n")}`);
		this.findings = findings;
	}
}

/** @throws ConformanceError If there are findings. */
export function requireNone(what: string, findings: readonly Finding[]): void {
	if (findings.length > 0) {
		throw new ConformanceError(what, findings);
	}
}

/**
 * Looks at everything, and closes the subject.
 *
 * @param firstRule The rule that the first call is about.
 * @param first Calls the subject once; without what it gives there is nothing to look at.
 */
export async function inspect<Rule extends string, Probe extends CallProbe<Rule | SharedRuleName>, Baseline>(
	probe: Probe,
	rules: Readonly<Record<Rule, AnyRule<Probe, Baseline>>>,
	firstRule: Rule,
	first: () => Promise<Baseline>,
): Promise<readonly Finding<Rule>[]> {
	const find = (rule: string, message: string) => probe.find(rule as Rule, message);
	const rejections = watchRejections((reason) => {
		find("rejections", `leaves a rejected promise unhandled: ${messageOf(reason)}`);
	});
	const look = async (rule: string, check: () => Promise<void> | void) => {
		if (probe.skips(rule as Rule)) {
			return;
		}
		try {
			await check();
		} catch (error) {
			find(rule, inASentence(error));
		}
	};
	try {
		const baseline = await first().catch((error: unknown) => void find(firstRule, inASentence(error)));
		if (baseline !== undefined) {
			for (const [name, rule] of Object.entries(rules) as [Rule, AnyRule<Probe, Baseline>][]) {
				await look(name, () => rule.check(probe, baseline));
			}
		}
		await look("close", () => checkClose(probe));
	} finally {
		probe.holdings.stop();
		await rejections.stop();
	}
	return (probe.findings as Finding<Rule>[]).filter(({ rule }) => !probe.skips(rule));
}

/** The kit's own errors end a sentence about what is checked; what that throws has sentences of its own. */
function inASentence(error: unknown): string {
	const code = codeOf(error);
	return code === undefined ? messageOf(error) : `fails with ${code}: ${messageOf(error).replace(/\.$/, "")}`;
}

/** Takes the place of whoever else listens: a test runner would stop at the first one. */
function watchRejections(onRejection: (reason: unknown) => void): { stop(): Promise<void> } {
	const others = process.listeners("unhandledRejection");
	process.removeAllListeners("unhandledRejection");
	process.on("unhandledRejection", onRejection);
	return {
		async stop() {
			// Node tells of a rejection when the queue of microtasks is empty.
			await new Promise(setImmediate);
			process.off("unhandledRejection", onRejection);
			for (const listener of others) {
				process.on("unhandledRejection", listener);
			}
		},
	};
}
