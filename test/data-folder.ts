/**
 * Data folders for tests, copied from one with an empty database: PostgreSQL takes seconds to make one.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Store } from "../src/core/store/store.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** One for each version of the database and of its tables; `dist` keeps it from one run to the next. */
function template(): string {
	const files = [
		join(repository, "node_modules/@electric-sql/pglite/package.json"),
		...globSync(join(repository, "src/core/store/migrations/*.sql")).sort(),
	];
	const hash = createHash("sha256");
	for (const file of files) {
		hash.update(readFileSync(file));
	}
	return join(repository, "dist", "test", `data-folder-${hash.digest("hex").slice(0, 16)}`);
}

/** Makes what {@link newDataFolder} copies, unless it is there. */
export async function prepareDataFolder(): Promise<void> {
	const finished = template();
	if (existsSync(finished)) {
		return;
	}
	await mkdir(join(finished, ".."), { recursive: true });
	const unfinished = await mkdtemp(`${finished}-`);
	await (await Store.open(unfinished)).close();
	try {
		await rename(unfinished, finished);
	} catch {
		// Another run was faster.
		await rm(unfinished, { recursive: true });
	}
}

/** A folder with an empty database, to be removed by its user. */
export async function newDataFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "dediffusion-test-"));
	cpSync(template(), folder, { recursive: true });
	return folder;
}
