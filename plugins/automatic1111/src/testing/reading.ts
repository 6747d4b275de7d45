/**
 * How the web UI reads a prompt, for tests: what the model gets to see, and with which weight.
 *
 * Written from what modules/extra_networks.py, modules/prompt_parser.py and modules/processing_scripts/comments.py do.
 *
 * @module
 */

/** A stretch of text and its weight; `BREAK` ends a chunk of tokens. */
export type Reading = readonly (readonly [text: string, weight: number])[];

/** One reading for each prompt that `AND` combines. Schedules from step to step are read as the brackets they are made of. */
export function readPrompt(prompt: string, { hidesComments = true } = {}): { weight: number; reading: Reading }[] {
	const visible = hidesComments ? prompt.replace(/#[^\n]*(\n|$)/g, "\n") : prompt;
	const withoutNetworks = visible.replace(/<[\p{L}\p{N}_]+:[^>]+>/gu, "");
	return withoutNetworks.split(/\bAND\b/).map((part) => {
		const { text = part, weight = "1" } =
			/^(?<text>(?:\s|.)*?)(?:\s*:\s*(?<weight>[-+]?(?:\d+\.?|\d*\.\d+)))?\s*$/.exec(part)?.groups ?? {};
		return { weight: Number(weight ?? 1), reading: readWeights(text) };
	});
}

const tokens = /\\[\\()[\]]|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|\]|[^\\()[\]:]+|:/g;

function readWeights(text: string): Reading {
	const read: [string, number][] = [];
	const round: number[] = [];
	const square: number[] = [];
	const weigh = (start: number | undefined, factor: number) => {
		for (const stretch of read.slice(start)) stretch[1] *= factor;
	};
	for (const [token, weight] of text.matchAll(tokens)) {
		if (token.startsWith("\\")) {
			read.push([token.slice(1), 1]);
		} else if (token === "(") {
			round.push(read.length);
		} else if (token === "[") {
			square.push(read.length);
		} else if (weight !== undefined && round.length > 0) {
			weigh(round.pop(), Number(weight));
		} else if (token === ")" && round.length > 0) {
			weigh(round.pop(), 1.1);
		} else if (token === "]" && square.length > 0) {
			weigh(square.pop(), 1 / 1.1);
		} else {
			for (const [index, part] of token.split(/\s*\bBREAK\b\s*/).entries()) {
				if (index > 0) read.push(["BREAK", -1]);
				read.push([part, 1]);
			}
		}
	}
	for (const start of round) weigh(start, 1.1);
	for (const start of square) weigh(start, 1 / 1.1);
	return merged(read);
}

function merged(read: readonly [string, number][]): Reading {
	const whole: [string, number][] = [];
	for (const [text, weight] of read) {
		const last = whole.at(-1);
		if (last?.[1] === weight) {
			last[0] += text;
		} else {
			whole.push([text, weight]);
		}
	}
	return whole;
}
