/**
 * What the contract asks of every encoder, rule by rule.
 *
 * @module
 */
import type { EncodedToken } from "../../encoder.ts";
import type { AnyRule } from "../inspect.ts";
import { checkDescription } from "../rules/description.ts";
import { checkFailure, checkHealth } from "../rules/errors.ts";
import { checkStops } from "../rules/stop.ts";
import { EncoderProbe, type EncoderRuleName, tokensOf, type Written, written } from "./probe.ts";

export type EncoderRule = AnyRule<EncoderProbe, Written>;

/** In the order in which they are looked at. */
export const encoderRules: Readonly<Record<EncoderRuleName, EncoderRule>> = {
	writes: { meaning: "writes a text of the check's picture", check: () => undefined },
	description: { meaning: "has an id, a name and a lane of the forms that the API takes", check: checkDescription },
	capabilities: { meaning: "has capabilities that agree with each other", check: checkCapabilities },
	result: {
		meaning: "tells of tokens that stand in its text, scores from 0 to 1, warnings with words",
		check: checkResult,
	},
	sight: { meaning: "says something else of another picture", check: checkSight },
	determinism: { meaning: "writes the same of equal pictures where it claims so", check: checkDeterminism },
	seed: { meaning: "writes another text for one of some other seeds where it honours seeds", check: checkSeed },
	length: { meaning: "keeps to a length where it honours lengths, or warns", check: checkLength },
	batch: { meaning: "writes in a batch what it writes alone, in order", check: checkBatch },
	independence: { meaning: "keeps calls apart that run at the same time", check: checkIndependence },
	abort: { meaning: "stops when told to, as soon as it says that it can", check: checkAbort },
	health: { meaning: "is healthy when it writes, and stops asking when told to", check: checkHealth },
	errors: { meaning: "throws errors with a code, the expected one where it is made to fail", check: checkErrors },
	rejections: { meaning: "leaves no promise rejected that nobody handles", check: () => undefined },
	close: { meaning: "releases everything when it is closed", check: () => undefined },
};

const otherSeeds = [1, 2, 3, 2_000_000_011];

function checkCapabilities(probe: EncoderProbe): void {
	const { settings, maxBatch, maxTokens } = probe.encoder.capabilities;
	const unknown = settings.filter((name) => !["seed", "length"].includes(name));
	if (unknown.length > 0) {
		probe.find("capabilities", `lists settings that there are not: ${unknown.join(", ")}`);
	}
	if (new Set(settings).size !== settings.length) {
		probe.find("capabilities", "lists a setting twice");
	}
	if (!isCount(maxBatch)) {
		probe.find("capabilities", `takes batches of ${maxBatch}`);
	}
	if (maxTokens !== undefined && !isCount(maxTokens)) {
		probe.find("capabilities", `writes at most ${maxTokens} tokens`);
	}
}

function isCount(value: number): boolean {
	return Number.isInteger(value) && value > 0;
}

function checkResult(probe: EncoderProbe, result: Written): void {
	const { maxTokens } = probe.encoder.capabilities;
	const find = (message: string) => probe.find("result", message);
	const count = tokensOf(result).length;
	if (maxTokens !== undefined && count > maxTokens) {
		find(`writes ${count} tokens, more than the ${maxTokens} of its capabilities`);
	}
	if (result.warnings.some(({ message }) => typeof message !== "string" || message.trim() === "")) {
		find("gives a warning without words");
	}
	let end = 0;
	for (const token of result.tokens ?? []) {
		const start = result.text.indexOf(token.text.trim(), end);
		if (start < 0) {
			find(`tells of a token ${JSON.stringify(token.text)} that its text lacks, or has it in another place`);
			break;
		}
		end = start + token.text.trim().length;
	}
	for (const fault of result.tokens?.flatMap(faultsOf) ?? []) {
		find(fault);
	}
}

function faultsOf({ score, attention }: EncodedToken): string[] {
	const faults: string[] = [];
	if (score !== undefined && !(score >= 0 && score <= 1)) {
		faults.push(`gives a token the score ${score}`);
	}
	if (attention !== undefined) {
		const { width, height, weights } = attention;
		const sum = weights.reduce((total, weight) => total + weight, 0);
		if (weights.length !== width * height || Math.abs(sum - 1) > 1e-3) {
			faults.push(`gives ${weights.length} weights that sum to ${sum.toFixed(3)} for ${width} x ${height} places`);
		}
	}
	return faults;
}

async function checkSight(probe: EncoderProbe, { text }: Written): Promise<void> {
	const other = await probe.writeOne({ picture: probe.pictures[1] });
	if (other.text === text) {
		probe.find("sight", `says ${JSON.stringify(text)} of two pictures that have nothing in common`);
	}
}

async function checkDeterminism(probe: EncoderProbe, { text }: Written): Promise<void> {
	if (probe.encoder.capabilities.deterministic && (await probe.writeOne()).text !== text) {
		probe.find("determinism", "writes two texts for two equal requests");
	}
}

async function checkSeed(probe: EncoderProbe, { text }: Written): Promise<void> {
	if (!probe.encoder.capabilities.settings.includes("seed")) {
		return;
	}
	for (const seed of otherSeeds) {
		if ((await probe.writeOne({ seed })).text !== text) {
			return;
		}
	}
	probe.find("seed", `writes one text for the seeds 0, ${otherSeeds.join(", ")}`);
}

async function checkLength(probe: EncoderProbe, full: Written): Promise<void> {
	const whole = tokensOf(full).length;
	if (!probe.encoder.capabilities.settings.includes("length") || whole < 2) {
		return;
	}
	const length = Math.ceil(whole / 2);
	const short = await probe.writeOne({ length });
	const isSaid = short.warnings.some(({ setting }) => setting === "length");
	if (tokensOf(short).length > length && !isSaid) {
		probe.find("length", `writes ${tokensOf(short).length} tokens where ${length} were wanted, and does not say so`);
	}
}

async function checkBatch(probe: EncoderProbe, { text }: Written): Promise<void> {
	const { maxBatch, deterministic } = probe.encoder.capabilities;
	if (maxBatch < 2) {
		return;
	}
	const requests = [probe.request({ picture: probe.pictures[1] }), probe.request()];
	const results = await probe.write(requests);
	if (results.length !== requests.length) {
		probe.find("batch", `gives ${results.length} results for ${requests.length} requests`);
		return;
	}
	if (deterministic) {
		const alone = [(await probe.writeOne({ picture: probe.pictures[1] })).text, text];
		if (results.some((result, index) => written(result).text !== alone[index])) {
			probe.find("batch", "writes in a batch what it does not write alone, or in another order");
		}
	}
}

async function checkIndependence(probe: EncoderProbe, { text }: Written): Promise<void> {
	const [one, other, again] = await Promise.all([
		probe.writeOne(),
		probe.writeOne({ picture: probe.pictures[1] }),
		probe.writeOne(),
	]);
	const { deterministic } = probe.encoder.capabilities;
	if (deterministic && (one.text !== text || again.text !== text || other.text === text)) {
		probe.find("independence", "writes other texts when several calls run at the same time");
	}
}

function checkAbort(probe: EncoderProbe): Promise<void> {
	const { abort = "step" } = probe.encoder.capabilities;
	return checkStops(probe, (signal) => probe.write([probe.request()], signal), abort === "step");
}

async function checkErrors(probe: EncoderProbe): Promise<void> {
	for (const { encoder, code } of probe.options.failing ?? []) {
		const failing = new EncoderProbe(encoder, probe.options, probe.pictures);
		await checkFailure(probe, failing, code, () => failing.writeOne());
	}
}
