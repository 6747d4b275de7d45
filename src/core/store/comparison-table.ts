/**
 * Comparisons in the database.
 *
 * @module
 */

import type { Failure } from "../calling/failure.ts";
import { and, asc, count, desc, eq, inArray, lt, or, type PgliteDatabase, sql } from "./drizzle.ts";
import { storageError } from "./failures.ts";
import type { CellChange, CellRecord, ComparisonRecord, ComparisonStatus, StoredSource } from "./records.ts";
import { cells, comparisons } from "./tables.ts";

/** Where a page ended: the last comparison that it showed. */
export interface Place {
	readonly createdAt: Date;
	readonly id: string;
}

export interface Page {
	/** Newest first. */
	readonly comparisons: readonly ComparisonRecord[];
	readonly hasNext: boolean;
	readonly total: number;
}

type ComparisonRow = typeof comparisons.$inferSelect;
type CellRow = typeof cells.$inferSelect;

export class ComparisonTable {
	readonly #database: PgliteDatabase;

	constructor(database: PgliteDatabase) {
		this.#database = database;
	}

	/** Adds a planned comparison with all its cells, or nothing. */
	insert({ cells: planned, ...comparison }: ComparisonRecord): Promise<void> {
		return guarded(() =>
			this.#database.transaction(async (transaction) => {
				await transaction.insert(comparisons).values(comparison);
				await transaction.insert(cells).values(
					planned.map(({ position, source, decoder, settings, status }) => ({
						comparison: comparison.id,
						position,
						source,
						decoder,
						settings,
						status,
					})),
				);
			}),
		);
	}

	get(id: string): Promise<ComparisonRecord | undefined> {
		return guarded(async () => {
			const rows = await this.#database.select().from(comparisons).where(eq(comparisons.id, id));
			return (await this.#withCells(rows))[0];
		});
	}

	/** Comparisons that a stop of the server left unfinished, oldest first. */
	unfinished(): Promise<readonly ComparisonRecord[]> {
		return guarded(async () => {
			const rows = await this.#database
				.select()
				.from(comparisons)
				.where(inArray(comparisons.status, ["pending", "running"]))
				.orderBy(asc(comparisons.createdAt), asc(comparisons.id));
			return this.#withCells(rows);
		});
	}

	count(): Promise<number> {
		return guarded(async () => {
			const [row] = await this.#database.select({ total: count() }).from(comparisons);
			return row?.total ?? 0;
		});
	}

	/** @param after Shows what is older than this place. */
	page(first: number, after?: Place): Promise<Page> {
		return guarded(async () => {
			const older =
				after &&
				or(
					lt(comparisons.createdAt, after.createdAt),
					and(eq(comparisons.createdAt, after.createdAt), lt(comparisons.id, after.id)),
				);
			const rows = await this.#database
				.select()
				.from(comparisons)
				.where(older)
				.orderBy(desc(comparisons.createdAt), desc(comparisons.id))
				.limit(first + 1);
			return {
				comparisons: await this.#withCells(rows.slice(0, first)),
				hasNext: rows.length > first,
				total: await this.count(),
			};
		});
	}

	setStatus(id: string, status: ComparisonStatus): Promise<void> {
		return guarded(async () => {
			await this.#database.update(comparisons).set({ status }).where(eq(comparisons.id, id));
		});
	}

	setSources(id: string, sources: readonly StoredSource[]): Promise<void> {
		return guarded(async () => {
			await this.#database.update(comparisons).set({ sources }).where(eq(comparisons.id, id));
		});
	}

	/** Ends a comparison that nobody wants any more; finished cells are kept. */
	cancel(id: string): Promise<void> {
		return guarded(() =>
			this.#database.transaction(async (transaction) => {
				await transaction
					.update(cells)
					.set({ status: "cancelled" })
					.where(and(eq(cells.comparison, id), inArray(cells.status, ["pending", "running"])));
				await transaction.update(comparisons).set({ status: "cancelled" }).where(eq(comparisons.id, id));
			}),
		);
	}

	/** Moves a cell on; one that was cancelled meanwhile stays so. */
	updateCell(comparison: string, position: number, change: CellChange): Promise<void> {
		return guarded(async () => {
			await this.#database
				.update(cells)
				.set({
					status: change.status,
					...(change.result && { result: change.result }),
					...(change.picture && { picture: change.picture }),
					...(change.metrics && { psnr: change.metrics.psnr, ssim: change.metrics.ssim }),
					...(change.metrics?.further?.length && { further: change.metrics.further }),
					...(change.error && errorColumns(change.error)),
				})
				.where(
					and(eq(cells.comparison, comparison), eq(cells.position, position), sql`${cells.status} <> 'cancelled'`),
				);
		});
	}

	async #withCells(rows: readonly ComparisonRow[]): Promise<ComparisonRecord[]> {
		if (rows.length === 0) {
			return [];
		}
		const ids = rows.map(({ id }) => id);
		const found = await this.#database
			.select()
			.from(cells)
			.where(inArray(cells.comparison, ids))
			.orderBy(asc(cells.position));
		return rows.map((row) => ({
			...row,
			cells: found.filter(({ comparison }) => comparison === row.id).map(cellRecord),
		}));
	}
}

function cellRecord(row: CellRow): CellRecord {
	const { comparison, position, source, decoder, settings, status, result, picture, psnr, ssim, further } = row;
	return {
		id: `${comparison}:${position}`,
		position,
		source,
		decoder,
		settings,
		status,
		...(result && { result }),
		...(picture && { picture }),
		...((psnr !== null || ssim !== null || further !== null) && {
			metrics: { psnr, ssim, ...(further !== null && { further }) },
		}),
		...(row.errorCode !== null && { error: failureRecord(row.errorCode, row) }),
	};
}

function errorColumns({ code, message, input, advice, retryable }: Failure): Partial<CellRow> {
	return {
		errorCode: code,
		errorMessage: message,
		errorInput: input ?? null,
		errorAdvice: advice ?? null,
		errorRetryable: retryable ?? null,
	};
}

function failureRecord(code: string, row: CellRow): Failure {
	const { errorMessage, errorInput, errorAdvice, errorRetryable } = row;
	return {
		code,
		message: errorMessage ?? "",
		...(errorInput !== null && { input: errorInput }),
		...(errorAdvice !== null && { advice: errorAdvice }),
		...(errorRetryable !== null && { retryable: errorRetryable }),
	};
}

async function guarded<Result>(action: () => Promise<Result>): Promise<Result> {
	try {
		return await action();
	} catch (error) {
		throw storageError(error, "a comparison");
	}
}
