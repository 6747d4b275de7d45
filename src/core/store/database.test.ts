import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, expect, test } from "vitest";
import { ComparisonTable } from "./comparison-table.ts";
import { openDatabase } from "./database.ts";
import { drizzle, migrate, sql } from "./drizzle.ts";
import { migrationsFolder } from "./template.ts";

const scratch = await mkdtemp(join(tmpdir(), "database-"));
afterAll(() => rm(scratch, { recursive: true }));

test("a new database has the tables, keeps what is written, and leaves nothing else behind", async () => {
	const folder = join(scratch, "new", "database");
	const before = await openDatabase(folder);
	expect((await before.database.execute(sql`select count(*)::int as number from pictures`)).rows).toEqual([
		{ number: 0 },
	]);
	await before.database.execute(sql`create table notes as select 'kept' as note`);
	await before.client.close();
	expect(await readdir(join(scratch, "new"))).toEqual(["database"]);

	const after = await openDatabase(folder);
	expect((await after.database.execute(sql`select note from notes`)).rows).toEqual([{ note: "kept" }]);
	await after.client.close();
});

test("what a killed process left half made is not taken for a database", async () => {
	const folder = join(scratch, "killed", "database");
	await mkdir(`${folder}.unfinished-${process.pid}`, { recursive: true });
	const { client, database } = await openDatabase(folder);
	expect((await database.execute(sql`select 1 as one`)).rows).toEqual([{ one: 1 }]);
	await client.close();
	expect(existsSync(`${folder}.unfinished-${process.pid}`)).toBe(false);
});

test("a database of an earlier release gets today's tables and keeps what it holds", async () => {
	const folder = join(scratch, "earlier", "database");
	const migrations = join(scratch, "migrations");
	await cp(migrationsFolder, migrations, { recursive: true });
	const journal = join(migrations, "meta", "_journal.json");
	const { entries, ...rest } = JSON.parse(await readFile(journal, "utf8"));
	await writeFile(journal, JSON.stringify({ ...rest, entries: entries.slice(0, 1) }));
	await mkdir(join(scratch, "earlier"));
	const earlier = await PGlite.create(folder);
	await migrate(drizzle({ client: earlier }), { migrationsFolder: migrations });
	await earlier.exec(`
		insert into comparisons values ('one', now(), 'done', '[]');
		insert into cells (comparison, position, source, decoder, settings, status, error_code, error_message)
			values ('one', 0, 0, 'oil', '{"seed": 1}', 'failed', 'INTERNAL', 'It broke. Report it.')`);
	await earlier.close();

	const { client, database } = await openDatabase(folder);
	const table = new ComparisonTable(database);
	const error = { code: "INTERNAL", message: "It broke. Report it." };
	expect((await table.get("one"))?.cells).toMatchObject([{ status: "failed", error }]);
	const told = { ...error, input: "text", advice: "Report it.", retryable: false };
	await table.updateCell("one", 0, { status: "failed", error: told });
	expect((await table.get("one"))?.cells).toMatchObject([{ error: told }]);
	await client.close();
});
