/**
 * What pictures cost: the first one after a start, and by batch, steps and size.
 *
 * @module
 */
import { inTurn, type Measured, type Sides, startSides } from "./side-by-side.ts";

export interface Cost {
	readonly side: string;
	/** Seconds for a call, however many pictures it draws. */
	readonly seconds: number;
	readonly count: number;
	readonly steps: number;
	/** Pixels of each side. */
	readonly size: number;
}

export interface Costs {
	readonly model: string;
	/** From the start of a process, in seconds. */
	readonly firstPicture: readonly { readonly side: string; readonly seconds: number }[];
	readonly byBatch: readonly Cost[];
	readonly bySteps: readonly Cost[];
	readonly bySize: readonly Cost[];
}

const batches = [1, 2, 4, 8];
const steps = [1, 5, 10, 20, 40];
/** Sizes as shares of the model's own; beyond its double the plugin draws nothing. */
const enlargements = [0.5, 1, 1.5, 2];

/** Measures both sides in turn. */
export async function measureCosts(python: string, model: Measured, rounds: number): Promise<Costs> {
	const sides = await startSides(python, model);
	try {
		const { drawing, name } = model;
		const { ours, theirs, firstPicture } = sides;
		return {
			model: name,
			firstPicture: [
				{ side: ours.name, seconds: firstPicture.ours },
				{ side: theirs.name, seconds: firstPicture.theirs },
			],
			byBatch: await measureEach(
				batches.map((count) => ({ ...drawing, count })),
				sides,
				rounds,
			),
			bySteps: await measureEach(
				steps.map((many) => ({ ...drawing, steps: many })),
				sides,
				rounds,
			),
			bySize: await measureEach(
				enlargements.map((share) => ({ ...drawing, width: drawing.width * share, height: drawing.height * share })),
				sides,
				rounds,
			),
		};
	} finally {
		await Promise.all([sides.ours.close(), sides.theirs.close()]);
	}
}

async function measureEach(drawings: readonly Measured["drawing"][], sides: Sides, rounds: number): Promise<Cost[]> {
	const costs: Cost[] = [];
	for (const drawing of drawings) {
		// The first of a new shape makes the runtime plan its memory anew.
		const { ours, theirs } = await inTurn(sides, drawing, { warmUp: 1, measured: rounds });
		const { count, steps: many, width: size } = drawing;
		costs.push({ side: sides.ours.name, seconds: ours, count, steps: many, size });
		costs.push({ side: sides.theirs.name, seconds: theirs, count, steps: many, size });
	}
	return costs;
}
