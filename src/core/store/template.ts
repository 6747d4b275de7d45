/**
 * Where the build keeps the empty database that new data folders copy.
 *
 * Apart from `database.ts`, so that a build that has one already need not load PostgreSQL to know it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";

/** Migrations are SQL files, which the compiler does not carry to `dist`: they are found from the package's root. */
const packageFolder = dirname(findPackageJSON(import.meta.url) ?? import.meta.dirname);
export const migrationsFolder: string = join(packageFolder, "src", "core", "store", "migrations");

/** One for each version of the database and of its tables; it need not be there. */
export function templateFolder(): string {
	const hash = createHash("sha256");
	const migrations = globSync(join(migrationsFolder, "*.sql")).sort();
	for (const file of [findPackageJSON("@electric-sql/pglite", import.meta.url) ?? "", ...migrations]) {
		hash.update(readFileSync(file));
	}
	return join(packageFolder, "dist", `empty-database-${hash.digest("hex").slice(0, 16)}`);
}
