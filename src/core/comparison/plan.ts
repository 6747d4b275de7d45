/**
 * From what was asked for to the cells that will be drawn. Pure: nothing is drawn, encoded or stored here.
 *
 * @module
 */
import { DeDiffusionError } from "../../plugins/index.ts";
import { type DecodeSettings, defaultStrength } from "../decoding/settings.ts";
import type { CellRecord, CellSettings, ComparisonRecord, StoredSource } from "../store/records.ts";

/** A comparison, its pictures known by id. */
export interface Wanted {
	readonly sources: readonly StoredSource[];
	readonly decoders: readonly string[];
	readonly seeds: readonly number[];
	/** Empty: what `settings` says, or the decoders' defaults. */
	readonly guidanceScales: readonly number[];
	/** Shared by all cells. */
	readonly settings: DecodeSettings;
}

/**
 * One cell for each combination, ordered by source, decoder, guidance scale and seed.
 *
 * @param maxCells Most cells that one comparison may have.
 * @throws DeDiffusionError `INPUT_INVALID` for an empty or repeating list, `COMPARISON_TOO_LARGE`.
 */
export function planComparison(wanted: Wanted, id: string, createdAt: Date, maxCells: number): ComparisonRecord {
	const { sources, decoders, seeds, guidanceScales, settings } = wanted;
	requireSome(sources, "sources");
	requireSome(decoders, "decoders");
	requireSome(seeds, "seeds");
	for (const [name, list] of Object.entries({ decoders, seeds, guidanceScales })) {
		requireDifferent(list, name);
	}
	const scales = guidanceScales.length > 0 ? guidanceScales : [settings.guidanceScale];
	const count = sources.length * decoders.length * scales.length * seeds.length;
	if (count > maxCells) {
		throw new DeDiffusionError("COMPARISON_TOO_LARGE", `The comparison has ${count} cells, more than ${maxCells}.`, {
			input: "input",
		});
	}

	const combinations = sources.flatMap((_, source) =>
		decoders.flatMap((decoder) =>
			scales.flatMap((guidanceScale) => seeds.map((seed) => ({ source, decoder, guidanceScale, seed }))),
		),
	);
	const cells = combinations.map(
		({ source, decoder, guidanceScale, seed }, position): CellRecord => ({
			id: `${id}:${position}`,
			position,
			source,
			decoder,
			settings: stored({ ...settings, guidanceScale, seed }),
			status: "pending",
		}),
	);
	return { id, createdAt, status: "pending", sources, cells };
}

function requireSome(list: readonly unknown[], name: string): void {
	if (list.length === 0) {
		throw new DeDiffusionError("INPUT_INVALID", `${name} is empty.`, {
			input: `input.${name}`,
			advice: `Give at least one of ${name}.`,
		});
	}
}

function requireDifferent(list: readonly unknown[], name: string): void {
	const repeated = list.find((value, index) => list.indexOf(value) !== index);
	if (repeated !== undefined) {
		throw new DeDiffusionError("INPUT_INVALID", `${name} names ${repeated} twice.`, {
			input: `input.${name}`,
			advice: "Name each only once.",
		});
	}
}

/** Settings without gaps, and with the picture to start from by its id. */
function stored({ initialImage, ...settings }: DecodeSettings & { seed: number }): CellSettings {
	const given = Object.entries(settings).filter(([, value]) => value !== undefined);
	const { picture, strength = defaultStrength } = initialImage ?? {};
	return {
		...(Object.fromEntries(given) as unknown as CellSettings),
		...(picture && { initialImage: { picture: picture.id, strength } }),
	};
}
