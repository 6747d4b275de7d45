/**
 * The tables, in the PostgreSQL dialect.
 *
 * @module
 */

import type { Measure } from "../metrics/measures.ts";
import { boolean, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, timestamp } from "./drizzle.ts";
import type { CellResult, CellSettings, StoredSource } from "./records.ts";

/** Pictures whose files are in the blob store under the same id. */
export const pictures = pgTable("pictures", {
	id: text().primaryKey(),
	mediaType: text("media_type").notNull(),
	width: integer().notNull(),
	height: integer().notNull(),
});

export const comparisons = pgTable(
	"comparisons",
	{
		id: text().primaryKey(),
		createdAt: timestamp("created_at", { withTimezone: true, precision: 3 }).notNull(),
		status: text().$type<"pending" | "running" | "done" | "cancelled">().notNull(),
		sources: jsonb().$type<readonly StoredSource[]>().notNull(),
	},
	(table) => [index("comparisons_newest").on(table.createdAt, table.id)],
);

export const cells = pgTable(
	"cells",
	{
		comparison: text()
			.notNull()
			.references(() => comparisons.id, { onDelete: "cascade" }),
		/** Place in the plan, from 0. */
		position: integer().notNull(),
		/** Place in the comparison's sources. */
		source: integer().notNull(),
		decoder: text().notNull(),
		settings: jsonb().$type<CellSettings>().notNull(),
		status: text().$type<"pending" | "running" | "done" | "filtered" | "failed" | "cancelled">().notNull(),
		result: jsonb().$type<CellResult>(),
		picture: text().references(() => pictures.id),
		psnr: doublePrecision(),
		ssim: doublePrecision(),
		/** What metrics of plugins say. */
		further: jsonb().$type<readonly Measure[]>(),
		errorCode: text("error_code"),
		errorMessage: text("error_message"),
		errorInput: text("error_input"),
		errorAdvice: text("error_advice"),
		errorRetryable: boolean("error_retryable"),
	},
	(table) => [primaryKey({ columns: [table.comparison, table.position] })],
);
