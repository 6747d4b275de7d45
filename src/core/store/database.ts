/**
 * The embedded database of a data folder: made, migrated, opened.
 *
 * PostgreSQL takes seconds to make an empty database, so the build makes one for all, or else whoever is first, and a new
 * data folder copies it.
 *
 * @module
 */
import { cpSync, existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { drizzle, migrate, type PgliteDatabase } from "./drizzle.ts";
import { migrationsFolder, templateFolder } from "./template.ts";

export interface OpenDatabase {
	readonly client: PGlite;
	readonly database: PgliteDatabase;
}

/** Opens a database with today's tables; what is not there is made, and appears under its name whole or not at all. */
export async function openDatabase(folder: string): Promise<OpenDatabase> {
	if (!existsSync(folder)) {
		await putInPlace(folder, async (unfinished) => {
			// A package that was installed has none yet, since npm packs no empty folders, and a database has many; nor can it
			// keep one where its folder must not be written to.
			await makeTemplate().catch(() => undefined);
			const template = templateFolder();
			if (existsSync(template)) {
				// Nothing else runs yet, and a thousand small files take five times as long one promise after another.
				cpSync(template, unfinished, { recursive: true });
			} else {
				await makeDatabase(unfinished);
			}
		});
	}
	const client = await PGlite.create(folder);
	const database = drizzle({ client });
	await migrate(database, { migrationsFolder });
	return { client, database };
}

/** Makes the database that new data folders copy, unless it is there. */
export async function makeTemplate(): Promise<void> {
	const folder = templateFolder();
	if (!existsSync(folder)) {
		await putInPlace(folder, makeDatabase);
	}
}

async function makeDatabase(folder: string): Promise<void> {
	const client = await PGlite.create(folder);
	try {
		await migrate(drizzle({ client }), { migrationsFolder });
	} finally {
		await client.close();
	}
}

/** A process that is killed on the way leaves nothing that looks finished. */
async function putInPlace(folder: string, make: (unfinished: string) => Promise<void>): Promise<void> {
	const unfinished = `${folder}.unfinished-${process.pid}`;
	await mkdir(dirname(folder), { recursive: true });
	try {
		await rm(unfinished, { recursive: true, force: true });
		await make(unfinished);
		await rename(unfinished, folder);
	} catch (error) {
		await rm(unfinished, { recursive: true, force: true });
		// Another process was faster.
		if (!existsSync(folder)) {
			throw error;
		}
	}
}
