/**
 * What is used of Drizzle, from its CommonJS build.
 *
 * Node 24 reads a package's manifest again for each ES module that it loads of it. Drizzle's is 180 kB for a hundred
 * modules: three quarters of a second at every start, where the same code takes a tenth through `require`.
 *
 * @module
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const drizzleOrm: typeof import("drizzle-orm") = require("drizzle-orm");
const pgCore: typeof import("drizzle-orm/pg-core") = require("drizzle-orm/pg-core");
const pglite: typeof import("drizzle-orm/pglite") = require("drizzle-orm/pglite");
const migrator: typeof import("drizzle-orm/pglite/migrator") = require("drizzle-orm/pglite/migrator");

export const { and, asc, count, desc, eq, inArray, lt, or, sql } = drizzleOrm;
export const { boolean, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, timestamp } = pgCore;
export const { drizzle } = pglite;
export const { migrate } = migrator;
export type { PgliteDatabase } from "drizzle-orm/pglite";
