import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDatabase } from "./database.ts";
import { sql } from "./drizzle.ts";

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
