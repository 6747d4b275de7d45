/**
 * Comparisons: planned, stored, drawn lane by lane, and taken up again after a stop.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type Decoder, DeDiffusionError } from "../../plugins/index.ts";
import { failureOf } from "../calling/failure.ts";
import { Lanes } from "../calling/lanes.ts";
import { checkText } from "../decoding/decoders.ts";
import { checkFor, checkSetting, type DecodeSettings, randomSeed } from "../decoding/settings.ts";
import type { Models } from "../models.ts";
import type { PictureLibrary, PictureReference } from "../picture/library.ts";
import type { CellRecord, ComparisonRecord, StoredSource } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { cursorOf, placeOf } from "./cursor.ts";
import { forEachAtOnce, type LaneRun, laneRuns } from "./lane-run.ts";
import { planComparison } from "./plan.ts";

/** One text: a picture that is encoded first, or a text as it stands. */
export interface PromptSource {
	readonly label?: string | undefined;
	readonly picture?: PictureReference | undefined;
	/** Id of the encoder for the picture; default: the first one. */
	readonly encoder?: string | undefined;
	readonly text?: string | undefined;
	/** The picture that results of a text are measured against. */
	readonly original?: PictureReference | undefined;
}

export interface TransferRequest {
	readonly sources: readonly PromptSource[];
	readonly decoders: readonly string[];
	/** Default: one seed chosen at random, the same for all cells. */
	readonly seeds?: readonly number[] | undefined;
	readonly guidanceScales?: readonly number[] | undefined;
	readonly settings?: DecodeSettings | undefined;
}

export interface ComparisonPage {
	/** Newest first, each with its cursor. */
	readonly entries: readonly { readonly cursor: string; readonly comparison: ComparisonRecord }[];
	readonly hasNext: boolean;
	readonly total: number;
}

/** What is known of a comparison while it is drawn and not worth storing. */
interface Activity {
	readonly controller: AbortController;
	/** Share of each cell that is done, by position, while it is drawn. */
	readonly fractions: Map<number, number>;
	readonly finished: Promise<void>;
}

const longestPage = 100;
const defaultPage = 20;
const longestLabel = 200;
const defaultGraceMs = 5000;
const finishedStatuses: readonly CellRecord["status"][] = ["done", "filtered", "failed", "cancelled"];

export interface ComparisonsOptions {
	readonly maxCells: number;
	/** Milliseconds for decoders to give up at the end. Default 5000. */
	readonly graceMs: number | undefined;
	readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

export class Comparisons {
	readonly #store: Store;
	readonly #models: Models;
	readonly #pictures: PictureLibrary;
	readonly #options: ComparisonsOptions;
	readonly #lanes = new Lanes();
	readonly #active = new Map<string, Activity>();
	#closing = false;

	constructor(store: Store, models: Models, pictures: PictureLibrary, options: ComparisonsOptions) {
		this.#store = store;
		this.#models = models;
		this.#pictures = pictures;
		this.#options = options;
	}

	/**
	 * Checks all of a request, stores its plan and begins to draw. Returns before a cell is drawn.
	 *
	 * @throws DeDiffusionError for the first input at fault, named as in `input.sources.0.picture.url`; nothing is stored then.
	 */
	async transfer(request: TransferRequest, signal?: AbortSignal): Promise<ComparisonRecord> {
		if (this.#closing) {
			throw new DeDiffusionError("SHUTTING_DOWN", "The server is about to stop.");
		}
		const settings = request.settings ?? {};
		const seeds = request.seeds ?? [settings.seed ?? randomSeed()];
		const guidanceScales = request.guidanceScales ?? [];
		this.#checkCombinations(request.decoders, seeds, guidanceScales, settings);
		const resolved = await Promise.all(
			request.sources.map((source, index) => this.#resolveSource(source, index, signal)),
		);
		const sources = resolved.map(({ source }) => source);
		const wanted = { sources, decoders: request.decoders, seeds, guidanceScales, settings };
		const comparison = planComparison(wanted, randomUUID(), new Date(), this.#options.maxCells);
		const pictures = [...resolved.flatMap((source) => source.pictures), settings.initialImage?.picture];
		await Promise.all(
			pictures.filter((picture) => picture !== undefined).map((picture) => this.#pictures.keep(picture)),
		);
		await this.#store.comparisons.insert(comparison);
		this.#begin(comparison);
		return comparison;
	}

	/** @throws DeDiffusionError `COMPARISON_NOT_FOUND`. */
	async get(id: string): Promise<ComparisonRecord> {
		const comparison = await this.#store.comparisons.get(id);
		if (comparison === undefined) {
			throw new DeDiffusionError("COMPARISON_NOT_FOUND", `There is no comparison ${id}.`, { input: "id" });
		}
		return comparison;
	}

	/**
	 * @param first How many, 1 to 100. Default 20.
	 * @param after A cursor of an earlier page.
	 * @throws DeDiffusionError `INPUT_INVALID`, `CURSOR_INVALID`.
	 */
	async list(first = defaultPage, after?: string): Promise<ComparisonPage> {
		if (!Number.isInteger(first) || first < 1 || first > longestPage) {
			throw new DeDiffusionError("INPUT_INVALID", `first is ${first}.`, {
				input: "first",
				advice: `Ask for 1 to ${longestPage} comparisons.`,
			});
		}
		const page = await this.#store.comparisons.page(first, after === undefined ? undefined : placeOf(after));
		return {
			entries: page.comparisons.map((comparison) => ({ cursor: cursorOf(comparison), comparison })),
			hasNext: page.hasNext,
			total: page.total,
		};
	}

	/** Stops a comparison and keeps its finished cells; one that is over stays as it is. @throws As {@link get}. */
	async cancel(id: string): Promise<ComparisonRecord> {
		const { status } = await this.get(id);
		if (status === "pending" || status === "running") {
			// First of all nothing more may be drawn: a last cell would call the comparison done.
			this.#active.get(id)?.controller.abort();
			await this.#store.comparisons.cancel(id);
		}
		return this.get(id);
	}

	/** Share of the work that is done, from 0 to 1. */
	progress({ id, cells }: ComparisonRecord): number {
		const fractions = this.#active.get(id)?.fractions;
		const done = cells.map(({ status, position }) =>
			finishedStatuses.includes(status) ? 1 : (fractions?.get(position) ?? 0),
		);
		return done.reduce((sum, share) => sum + share, 0) / cells.length;
	}

	/** Resolves when nothing more happens to a comparison. */
	async settled(id: string): Promise<void> {
		await this.#active.get(id)?.finished;
	}

	count(): Promise<number> {
		return this.#store.comparisons.count();
	}

	/** Takes up what an earlier stop left unfinished. Returns how many comparisons that were. */
	async resume(): Promise<number> {
		const unfinished = await this.#store.comparisons.unfinished();
		for (const comparison of unfinished) {
			this.#begin(comparison);
		}
		return unfinished.length;
	}

	/**
	 * Stops drawing. Cells that are not finished by then are left for {@link resume}. A decoder that does not give up what it
	 * draws is waited for no longer than the grace.
	 */
	async close(): Promise<void> {
		this.#closing = true;
		const active = [...this.#active.values()];
		for (const { controller } of active) {
			controller.abort();
		}
		const { graceMs = defaultGraceMs, log } = this.#options;
		const over = new AbortController();
		const isLate = await Promise.race([
			Promise.all(active.map(({ finished }) => finished)).then(() => false),
			pause(graceMs, true, { signal: over.signal }).catch(() => false),
		]);
		over.abort();
		if (isLate) {
			log("warn", "A decoder goes on with what was given up; its comparison will resume at the next start.");
		}
	}

	#checkCombinations(
		decoders: readonly string[],
		seeds: readonly number[],
		guidanceScales: readonly number[],
		settings: DecodeSettings,
	): void {
		for (const decoder of decoders.map((id, index) => this.#models.decoders.get(id, `input.decoders.${index}`))) {
			checkFor(decoder, settings, "input.settings");
		}
		for (const [index, seed] of seeds.entries()) {
			checkSetting("seed", seed, `input.seeds.${index}`);
		}
		for (const [index, guidanceScale] of guidanceScales.entries()) {
			checkSetting("guidanceScale", guidanceScale, `input.guidanceScales.${index}`);
		}
	}

	/** A source as it is stored, and the pictures that must be kept with it. */
	async #resolveSource(source: PromptSource, index: number, signal?: AbortSignal) {
		const input = `input.sources.${index}`;
		if ((source.picture === undefined) === (source.text === undefined)) {
			throw new DeDiffusionError("INPUT_INVALID", "A source needs a picture or a text, and not both.", { input });
		}
		if (source.encoder !== undefined && source.picture === undefined) {
			throw new DeDiffusionError("INPUT_INVALID", "A text needs no encoder.", { input: `${input}.encoder` });
		}
		const encoder = source.picture && this.#models.encoders.get(source.encoder, `${input}.encoder`).info.id;
		const label = source.label ?? `source ${index + 1}`;
		if (label.length > longestLabel) {
			throw new DeDiffusionError(
				"INPUT_INVALID",
				`A label has ${label.length} characters, more than ${longestLabel}.`,
				{
					input: `${input}.label`,
				},
			);
		}
		if (source.text !== undefined) {
			checkText(source.text, this.#models.textLength, `${input}.text`);
		}
		const resolve = async (reference: PictureReference | undefined, name: string) =>
			reference && (await this.#pictures.resolve(reference, { input: `${input}.${name}`, signal }));
		const picture = await resolve(source.picture, "picture");
		const original = (await resolve(source.original, "original")) ?? picture;
		const stored: StoredSource = {
			label,
			...(source.text !== undefined && { text: source.text }),
			...(picture && { picture: picture.id }),
			...(encoder !== undefined && { encoder }),
			...(original && { original: original.id }),
		};
		return { source: stored, pictures: [picture, original].filter((given) => given !== undefined) };
	}

	#begin(comparison: ComparisonRecord): void {
		const controller = new AbortController();
		const fractions = new Map<number, number>();
		const run = this.#run(comparison, controller.signal, fractions).catch((error: unknown) => {
			const reason = error instanceof Error ? error.message : String(error);
			this.#options.log("error", `Comparison ${comparison.id} stopped and will resume at the next start: ${reason}`);
		});
		const finished = run.finally(() => this.#active.delete(comparison.id));
		this.#active.set(comparison.id, { controller, fractions, finished });
	}

	async #run(comparison: ComparisonRecord, signal: AbortSignal, fractions: Map<number, number>): Promise<void> {
		const table = this.#store.comparisons;
		await table.setStatus(comparison.id, "running");
		const { sources, failures } = await this.#encodeSources(comparison, signal);
		const runs = laneRuns(comparison.cells, (id) => this.#findDecoder(id));
		const drawRun = ({ lane, cells, atOnce }: LaneRun) =>
			this.#lanes.enter(lane, signal, () =>
				forEachAtOnce(
					cells,
					atOnce,
					(cell) => this.#drawCell(comparison.id, cell, sources, failures, signal, fractions),
					() => signal.aborted,
				),
			);
		await Promise.all(runs.map(drawRun)).catch((error: unknown) => {
			// Giving up is no failure: what is left is cancelled already, or waits for the next start.
			if (!signal.aborted) {
				throw error;
			}
		});
		if (!signal.aborted) {
			await table.setStatus(comparison.id, "done");
		}
	}

	#findDecoder(id: string): Decoder | undefined {
		return this.#models.decoders.list().find((decoder) => decoder.id === id);
	}

	/** Writes the texts of the pictures. A picture that cannot be encoded fails its own cells alone. */
	async #encodeSources(comparison: ComparisonRecord, signal: AbortSignal) {
		const failures = new Map<number, unknown>();
		const sources = await Promise.all(
			comparison.sources.map(async (source, index): Promise<StoredSource> => {
				if (source.text !== undefined || source.picture === undefined) {
					return source;
				}
				try {
					const picture = await this.#pictures.get(source.picture);
					const encoder = this.#models.encoders.get(source.encoder);
					const { text, warnings } = await encoder.encode(picture, { signal });
					return { ...source, text, ...(warnings.length > 0 && { warnings }) };
				} catch (error) {
					failures.set(index, error);
					return source;
				}
			}),
		);
		if (!signal.aborted) {
			await this.#store.comparisons.setSources(comparison.id, sources);
		}
		return { sources, failures };
	}

	async #drawCell(
		id: string,
		cell: CellRecord,
		sources: readonly StoredSource[],
		failures: ReadonlyMap<number, unknown>,
		signal: AbortSignal,
		fractions: Map<number, number>,
	): Promise<void> {
		const table = this.#store.comparisons;
		const source = sources[cell.source] as StoredSource;
		await table.updateCell(id, cell.position, { status: "running" });
		try {
			if (source.text === undefined) {
				throw failures.get(cell.source);
			}
			const settings = await this.#settingsOf(cell);
			const decoding = await this.#models.decoders.decode(source.text, cell.decoder, settings, {
				signal,
				onProgress: ({ fraction }) => void fractions.set(cell.position, fraction),
			});
			const { picture, seed, effectivePrompt, warnings, durationMs, filteredReason } = decoding;
			const result = { seed, effectivePrompt, warnings, durationMs };
			if (picture === undefined) {
				const reason = { ...(filteredReason !== undefined && { filteredReason }) };
				await table.updateCell(id, cell.position, { status: "filtered", result: { ...result, ...reason } });
				return;
			}
			await this.#pictures.keep(picture);
			const original = source.original === undefined ? undefined : await this.#pictures.get(source.original);
			const metrics = original && (await this.#models.metrics.measure(original, picture, signal));
			await table.updateCell(id, cell.position, {
				status: "done",
				result,
				picture: picture.id,
				...(metrics && { metrics }),
			});
		} catch (error) {
			if (signal.aborted) {
				return;
			}
			await table.updateCell(id, cell.position, {
				status: "failed",
				error: failureOf(error, "A cell", this.#options.log),
			});
		} finally {
			fractions.delete(cell.position);
		}
	}

	async #settingsOf({ settings: { initialImage, ...settings } }: CellRecord): Promise<DecodeSettings> {
		if (initialImage === undefined) {
			return settings;
		}
		const picture = await this.#pictures.get(initialImage.picture);
		return { ...settings, initialImage: { picture, strength: initialImage.strength } };
	}
}
