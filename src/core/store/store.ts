/**
 * The store: records in PGlite, blobs in files, both in the data folder.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import type { Picture } from "../picture/picture.ts";
import { Blobs } from "./blobs.ts";
import { ComparisonTable } from "./comparison-table.ts";
import { type OpenDatabase, openDatabase } from "./database.ts";
import { eq, type PgliteDatabase } from "./drizzle.ts";
import { storageError } from "./failures.ts";
import { lockFolder } from "./lock.ts";
import { pictures } from "./tables.ts";

export class Store {
	readonly comparisons: ComparisonTable;
	readonly #client: PGlite;
	readonly #database: PgliteDatabase;
	readonly #blobs: Blobs;
	readonly #unlock: () => void;

	private constructor({ client, database }: OpenDatabase, blobs: Blobs, unlock: () => void) {
		this.#client = client;
		this.#database = database;
		this.#blobs = blobs;
		this.#unlock = unlock;
		this.comparisons = new ComparisonTable(this.#database);
	}

	/**
	 * Opens a data folder, making and migrating what is needed.
	 *
	 * @throws DeDiffusionError `STORAGE_FULL`, or `STORAGE_FAILED` also while another process uses the folder.
	 */
	static async open(folder: string): Promise<Store> {
		let unlock = () => {};
		try {
			mkdirSync(folder, { recursive: true });
			unlock = lockFolder(folder);
			return new Store(await openDatabase(join(folder, "database")), new Blobs(join(folder, "blobs")), unlock);
		} catch (error) {
			unlock();
			throw storageError(error, `the data folder ${folder}`);
		}
	}

	/** Keeps a picture; keeping it again changes nothing. @throws DeDiffusionError `STORAGE_FULL`, `STORAGE_FAILED`. */
	async putPicture({ id, bytes, mediaType, width, height }: Picture): Promise<void> {
		try {
			// The file first, so that no row ever names one that is missing; one that somebody took away comes back.
			if (!(await this.#blobs.has(id))) {
				await this.#blobs.put(id, bytes);
			}
			await this.#database.insert(pictures).values({ id, mediaType, width, height }).onConflictDoNothing();
		} catch (error) {
			throw storageError(error, "a picture");
		}
	}

	/** @returns Undefined when there is no such picture. @throws DeDiffusionError `STORAGE_FAILED`. */
	async getPicture(id: string): Promise<Picture | undefined> {
		try {
			const [row] = await this.#database.select().from(pictures).where(eq(pictures.id, id));
			const bytes = row === undefined ? undefined : await this.#blobs.get(id);
			return row === undefined || bytes === undefined ? undefined : { ...row, bytes };
		} catch (error) {
			throw storageError(error, "a picture");
		}
	}

	async close(): Promise<void> {
		await this.#client.close();
		this.#unlock();
	}
}
