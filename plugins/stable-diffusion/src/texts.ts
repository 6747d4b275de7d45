/**
 * Texts as the U-Net takes them: the states of their tokens and, for SDXL, a summary of each.
 *
 * @module
 */
import { DeDiffusionError, type InferenceSession, type Tensor } from "dediffusion/plugin";
import { join } from "./arrays.ts";
import { normLike } from "./final-norm.ts";
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
	const states = new Map<number, Floats>();
	for (const skipped of new Set(texts.map((text) => text?.skipped ?? 0))) {
		states.set(skipped, statesOf(outputs, session, model, skipped, path));
	}
	let row = 0;
	return texts.map((text) => {
		const { data, dims } = states.get(text?.skipped ?? 0) as Floats;
		const [, tokens = 0, width = 0] = dims;
		const pooledWidth = pooled?.dims[1] ?? 0;
		if (text === undefined) {
			const nothing = pooled && new Float32Array(pooledWidth);
			return { tokens, states: new Float32Array(tokens * width), pooled: nothing };
		}
		const index = row++;
		return {
			tokens,
			states: rowOf(data, index, tokens * width),
			pooled: pooled && rowOf(pooled.data, index, pooledWidth),
		};
	});
}

/** The states of all texts' tokens, without the layers that are to be left out. */
function statesOf(
	outputs: Readonly<Record<string, Tensor>>,
	session: InferenceSession,
	model: ModelFolder,
	skipped: number,
	path: string,
): Floats {
	const states = floatsOf(outputs, stateName(session, model, skipped, path), path);
	if (model.isXl || skipped === 0) return states;
	// SDXL takes layers' outputs as they are, the others after the norm that follows the last one.
	const last = floatsOf(outputs, `hidden_states.${layersOf(session) - 1}`, path);
	const normed = floatsOf(outputs, stateName(session, model, 0, path), path);
	const width = last.dims.at(-1) as number;
	return { data: normLike(states.data, { data: last.data, width }, normed.data), dims: states.dims };
}

/**
 * The output with the tokens' states: SDXL takes those before the last layer, the others what the last one gives.
 *
 * @throws DeDiffusionError `MODEL_INVALID` if the graph does not give its layers' outputs and they are needed.
 */
export function stateName(session: InferenceSession, { isXl }: ModelFolder, skipped: number, path: string): string {
	if (!isXl && skipped === 0) return "last_hidden_state";
	const layers = layersOf(session);
	const wanted = layers - (isXl ? 2 : 1) - skipped;
	if (wanted >= 0) return `hidden_states.${wanted}`;
	const needed = isXl ? "SDXL needs" : "leaving out its last layers (clipSkip) needs";
	throw new DeDiffusionError(
		"MODEL_INVALID",
		layers === 0
			? `The graph ${path} has no outputs hidden_states.0, hidden_states.1, ..., which ${needed}`
			: `The graph ${path} has too few layers to leave out the last ${skipped}`,
		{
			input: path,
			...(!isXl && { advice: "Leave clipSkip out, or export the text encoder with its layers' outputs." }),
		},
	);
}

/** How many outputs of layers a text encoder gives: what its first one takes, and what each gives. */
function layersOf({ outputs }: InferenceSession): number {
	return outputs.filter(({ name }) => /^hidden_states\.\d+$/.test(name)).length;
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
