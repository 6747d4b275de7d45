/**
 * Pictures as callers name them: by id, by address or by their bytes.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { DeDiffusionError } from "../../plugins/index.ts";
import { type Picture, type PictureLimits, readPicture } from "./picture.ts";

/** Where pictures are kept. */
export interface PictureShelf {
	putPicture(picture: Picture): Promise<void>;
	getPicture(id: string): Promise<Picture | undefined>;
}

/** Exactly one of the fields names the picture. */
export interface PictureReference {
	readonly id?: string | null | undefined;
	/** A public http or https address. */
	readonly url?: string | null | undefined;
	readonly data?: Uint8Array | null | undefined;
}

export interface ResolveOptions {
	/** What the caller named the picture, for errors. Default `picture`. */
	readonly input?: string | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Bytes of picture files that stay in memory. */
const recentBytes = 64 * 2 ** 20;

export class PictureLibrary {
	readonly #shelf: PictureShelf;
	readonly #limits: PictureLimits;
	/** Pictures are often uploaded once and asked for many times; under its id a picture never changes. */
	readonly #recent = new LRUCache<string, Picture>({
		maxSize: recentBytes,
		sizeCalculation: ({ bytes }) => bytes.length,
	});

	constructor(shelf: PictureShelf, limits: PictureLimits) {
		this.#shelf = shelf;
		this.#limits = limits;
	}

	/** Checks a file and keeps it. @throws As {@link readPicture}, and `STORAGE_FULL`, `STORAGE_FAILED`. */
	async add(bytes: Uint8Array, input = "picture"): Promise<Picture> {
		const picture = await readPicture(bytes, this.#limits, input);
		await this.keep(picture);
		return picture;
	}

	/** Keeps a checked picture, so that its id and its address work from now on. */
	async keep(picture: Picture): Promise<void> {
		await this.#shelf.putPicture(picture);
		this.#recent.set(picture.id, picture);
	}

	/** @throws DeDiffusionError `PICTURE_NOT_FOUND`, `STORAGE_FAILED`. */
	async get(id: string, input = "id"): Promise<Picture> {
		const known = this.#recent.get(id);
		if (known !== undefined) {
			return known;
		}
		const picture = await this.#shelf.getPicture(id);
		if (picture === undefined) {
			throw new DeDiffusionError("PICTURE_NOT_FOUND", `There is no picture ${id}.`, { input });
		}
		this.#recent.set(id, picture);
		return picture;
	}

	/**
	 * The checked picture that a reference names; one that came by address or as bytes is not kept.
	 *
	 * @throws DeDiffusionError `PICTURE_INPUT_AMBIGUOUS` unless exactly one field is given, and what reading, fetching or
	 *   finding it throws; the field at fault is named, e.g. `picture.url`.
	 */
	async resolve(reference: PictureReference, { input = "picture", signal }: ResolveOptions = {}): Promise<Picture> {
		const { id, url, data } = reference;
		const given = Object.entries({ id, url, data }).filter(([, value]) => value !== undefined && value !== null);
		if (given.length !== 1) {
			const names = given.length === 0 ? "none" : given.map(([name]) => name).join(" and ");
			throw new DeDiffusionError("PICTURE_INPUT_AMBIGUOUS", `Of id, url and data, ${names} was given.`, { input });
		}
		if (id !== undefined && id !== null) {
			return this.get(id, `${input}.id`);
		}
		if (data !== undefined && data !== null) {
			return readPicture(data, this.#limits, `${input}.data`);
		}
		// A tenth of the server's start would go into loading an HTTP client that many never use.
		const { fetchPicture } = await import("./fetch.ts");
		const bytes = await fetchPicture(url as string, { limits: this.#limits, signal, input: `${input}.url` });
		return readPicture(bytes, this.#limits, `${input}.url`);
	}
}
