/**
 * The conformance kit: does a decoder keep to the contract?
 *
 * @module
 */
import type { DecodeProgress, Decoder } from "../decoder.ts";
import { type Baseline, type CheckOptions, type Finding, messageOf, Probe, type RuleName } from "./probe.ts";
import { checkClose } from "./rules/close.ts";
import { type Rule, rules } from "./rules.ts";

/** A decoder that does not keep to the contract; the message lists every finding. */
export class ConformanceError extends Error {
	override readonly name = "ConformanceError";
	readonly findings: readonly Finding[];

	constructor(decoder: string, findings: readonly Finding[]) {
		const lines = findings.map(({ rule, message }) => `  ${rule}: it ${message}.`);
		super(`The decoder ${decoder} does not keep to the contract:\n${lines.join("\n")}`);
		this.findings = findings;
	}
}

/**
 * Calls a decoder in every way that the host may, and closes it. Belongs to no test framework.
 *
 * @example
 * test("keeps to the contract", () => checkDecoder(decoder, { settings: { steps: 2 } }));
 * @throws ConformanceError With everything that was found.
 */
export async function checkDecoder(decoder: Decoder, options: CheckOptions = {}): Promise<void> {
	const findings = await findingsOf(decoder, options);
	if (findings.length > 0) {
		throw new ConformanceError(decoder.id, findings);
	}
}

/** As {@link checkDecoder}, with the findings as a list that is empty when all is well. */
export async function findingsOf(decoder: Decoder, options: CheckOptions = {}): Promise<readonly Finding[]> {
	const probe = new Probe(decoder, options);
	const rejections = watchRejections((reason) => {
		probe.find("rejections", `leaves a rejected promise unhandled: ${messageOf(reason)}`);
	});
	try {
		const baseline = await drawBaseline(probe);
		if (baseline !== undefined) {
			for (const [name, rule] of Object.entries(rules) as [RuleName, Rule][]) {
				await look(probe, name, () => rule.check(probe, baseline));
			}
		}
		await look(probe, "close", () => checkClose(probe));
	} finally {
		probe.holdings.stop();
		await rejections.stop();
	}
	return probe.findings.filter(({ rule }) => !options.skip?.includes(rule));
}

async function look(probe: Probe, name: RuleName, check: () => Promise<void> | void): Promise<void> {
	if (probe.options.skip?.includes(name)) {
		return;
	}
	try {
		await check();
	} catch (error) {
		probe.find(name, messageOf(error));
	}
}

/** Without a first picture there is nothing to look at. */
async function drawBaseline(probe: Probe): Promise<Baseline | undefined> {
	const progress: DecodeProgress[] = [];
	try {
		const results = await probe.draw([probe.request()], { onProgress: (now) => progress.push(now) });
		const [result] = results;
		if (result === undefined || results.length !== 1) {
			throw new Error(`gives ${results.length} results for one request`);
		}
		return { result, pixels: await probe.pixels(result), progress };
	} catch (error) {
		probe.find("draws", messageOf(error));
		return undefined;
	}
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
