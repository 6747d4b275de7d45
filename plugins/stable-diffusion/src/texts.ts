/**
 * Texts as the U-Net takes them: the states of their tokens and, for SDXL, a summary of each.
 *
 * @module
 */
import { DeDiffusionError, type InferenceSession } from "dediffusion/plugin";
import { join } from "./arrays.ts";
import type { Graphs } from "./graphs.ts";
import type { ModelFolder, TextEncoder } from "./model-folder.ts";
import type { Job } from "./plan.ts";
import { floatsOf, inputNamed, tensorFor } from "./tensors.ts";
import type { Encoding } from "./tokenizer.ts";

export interface Floats {
	readonly data: Float32Array;
	readonly dims: readonly number[];
}

/** For each text of a batch: those to stay away from, if jobs are guided, then those to draw. */
export interface EncodedTexts {
	/** Shape [texts, tokens, width]. */
	readonly states: Floats;
	/** Shape [texts, width]; only where the model takes it. */
	readonly pooled: Floats | undefined;
}

/** A text in the tokens of each of the model's encoders; undefined stands for zeros. */
type Text = { readonly encodings: readonly Encoding[]; readonly skipped: number } | undefined;

/**
 * Encodes the texts of a group of jobs, each encoder in one run.
 *
 * @param clipSkip How many of the encoders' last layers to leave out for the texts to draw.
 * @throws DeDiffusionError what opening and running graphs throws, or `MODEL_INVALID` if a graph lacks an output.
 */
export async function encodeTexts(
	jobs: readonly [Job, ...Job[]],
	model: ModelFolder,
	graphs: Graphs,
	clipSkip: number,
	signal: AbortSignal,
): Promise<EncodedTexts> {
	const negatives = jobs.flatMap((job): Text[] => {
		if (job.negative === undefined) return [];
		return [job.negative === "zeros" ? undefined : { encodings: job.negative, skipped: 0 }];
	});
	const texts: Text[] = [...negatives, ...jobs.map((job) => ({ encodings: job.prompt, skipped: clipSkip }))];

	const encoded: (readonly EncodedRow[])[] = [];
	for (const [place, encoder] of model.textEncoders.entries()) {
		encoded.push(await runEncoder(encoder, place, texts, model, graphs, signal));
	}
	const rows = texts.map((_, index) => encoded.map((ofEncoder) => ofEncoder[index] as EncodedRow));
	const [first] = rows as [EncodedRow[]];
	const tokens = (first[0] as EncodedRow).tokens;
	const states = rows.map((parts) => joinWidths(parts, tokens));
	const width = (states[0] as Float32Array).length / tokens;
	const pooled = model.isXl ? rows.map((parts) => (parts.at(-1) as EncodedRow).pooled as Float32Array) : undefined;
	return {
		states: { data: join(states), dims: [texts.length, tokens, width] },
		pooled: pooled && { data: join(pooled), dims: [texts.length, (pooled[0] as Float32Array).length] },
	};
}

/** One text out of one encoder. */
interface EncodedRow {
	readonly tokens: number;
	/** Shape [tokens, width]. */
	readonly states: Float32Array;
	readonly pooled: Float32Array | undefined;
}

async function runEncoder(
	{ graph }: TextEncoder,
	place: number,
	texts: readonly Text[],
	model: ModelFolder,
	graphs: Graphs,
	signal: AbortSignal,
): Promise<EncodedRow[]> {
	const session = await graphs.open(graph);
	const path = graphs.path(graph);
	const given = texts.filter((text) => text !== undefined);
	const ids = given.flatMap((text) => (text.encodings[place] as Encoding).ids);
	const input = tensorFor(inputNamed(session, "input_ids", path), ids, [given.length, ids.length / given.length]);
	const outputs = await session.run({ input_ids: input }, { signal });

	const isLast = place === model.textEncoders.length - 1;
	const pooled = model.isXl && isLast ? floatsOf(outputs, "text_embeds", path) : undefined;
	let row = 0;
	return texts.map((text) => {
		const states = floatsOf(outputs, stateName(session, model, text?.skipped ?? 0, path), path);
		const [, tokens = 0, width = 0] = states.dims;
		const pooledWidth = pooled?.dims[1] ?? 0;
		if (text === undefined) {
			const nothing = pooled && new Float32Array(pooledWidth);
			return { tokens, states: new Float32Array(tokens * width), pooled: nothing };
		}
		const index = row++;
		return {
			tokens,
			states: rowOf(states.data, index, tokens * width),
			pooled: pooled && rowOf(pooled.data, index, pooledWidth),
		};
	});
}

/**
 * The output with the tokens' states: SDXL takes those before the last layer, the others what the last one gives.
 *
 * @throws DeDiffusionError `MODEL_INVALID` if the graph does not give its layers' outputs and the model needs them.
 */
export function stateName(session: InferenceSession, { isXl }: ModelFolder, skipped: number, path: string): string {
	if (!isXl) return "last_hidden_state";
	const layers = session.outputs.filter(({ name }) => /^hidden_states\.\d+$/.test(name)).length;
	const wanted = layers - 2 - skipped;
	if (wanted >= 0) return `hidden_states.${wanted}`;
	throw new DeDiffusionError(
		"MODEL_INVALID",
		layers === 0
			? `The graph ${path} has no outputs hidden_states.0, hidden_states.1, ..., which SDXL needs`
			: `The graph ${path} has too few layers to leave out the last ${skipped}`,
		{ input: path },
	);
}

const rowOf = (data: Float32Array, index: number, size: number) => data.subarray(index * size, (index + 1) * size);

/** Joins the states of each token across encoders. */
function joinWidths(parts: readonly EncodedRow[], tokens: number): Float32Array {
	if (parts.length === 1) return (parts[0] as EncodedRow).states;
	const pieces = Array.from({ length: tokens }, (_, token) =>
		parts.map(({ states }) => rowOf(states, token, states.length / tokens)),
	);
	return join(pieces.flat());
}
