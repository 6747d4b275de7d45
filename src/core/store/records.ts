/**
 * What is kept of a comparison.
 *
 * @module
 */
import type { DecodeWarning, EncodeWarning } from "../../plugins/index.ts";
import type { Failure } from "../calling/failure.ts";
import type { Fidelity } from "../metrics/fidelity.ts";
import type { Measure } from "../metrics/measures.ts";

export type ComparisonStatus = "pending" | "running" | "done" | "cancelled";
export type CellStatus = "pending" | "running" | "done" | "filtered" | "failed" | "cancelled";

/** A prompt source; pictures by their ids. */
export interface StoredSource {
	readonly label: string;
	/** Undefined until the picture is encoded. */
	readonly text?: string;
	/** The picture that is encoded. */
	readonly picture?: string;
	/** Id of the encoder that the picture's text is from; undefined for a text, and in comparisons of earlier releases. */
	readonly encoder?: string;
	/** What the encoder did otherwise than asked. */
	readonly warnings?: readonly EncodeWarning[];
	/** The picture that results are measured against. */
	readonly original?: string;
}

/** What a cell was planned with; the seed is always decided. */
export interface CellSettings {
	readonly seed: number;
	readonly steps?: number;
	readonly guidanceScale?: number;
	readonly negativePrompt?: string;
	readonly width?: number;
	readonly height?: number;
	readonly scheduler?: string;
	/** The picture by its id. */
	readonly initialImage?: { readonly picture: string; readonly strength: number };
}

/** What a decoder made, apart from the picture. */
export interface CellResult {
	readonly seed: number;
	readonly effectivePrompt: string;
	readonly warnings: readonly DecodeWarning[];
	readonly durationMs: number;
	readonly filteredReason?: string;
}

export interface CellRecord {
	/** `<comparison>:<position>`. */
	readonly id: string;
	readonly position: number;
	/** Place in the comparison's sources. */
	readonly source: number;
	readonly decoder: string;
	readonly settings: CellSettings;
	readonly status: CellStatus;
	readonly result?: CellResult;
	/** Id of the picture that was drawn. */
	readonly picture?: string;
	readonly metrics?: Fidelity & {
		/** What metrics of plugins said; undefined where there were none. */
		readonly further?: readonly Measure[];
	};
	readonly error?: Failure;
}

export interface ComparisonRecord {
	readonly id: string;
	readonly createdAt: Date;
	readonly status: ComparisonStatus;
	readonly sources: readonly StoredSource[];
	/** In the order of the plan. */
	readonly cells: readonly CellRecord[];
}

/** What changes when a cell moves on. */
export type CellChange = Pick<CellRecord, "status"> &
	Partial<Pick<CellRecord, "result" | "picture" | "metrics" | "error">>;
