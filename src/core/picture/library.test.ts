/**
 * A picture is named in exactly one way, and the field at fault is named in errors.
 *
 * @module
 */
import { expect, test } from "vitest";
import { plainPicture, wideLimits } from "../../../test/pictures.ts";
import { PictureLibrary, type PictureReference } from "./library.ts";
import type { Picture } from "./picture.ts";

const picture = await plainPicture([10, 20, 30]);

/** Keeps pictures in memory, as the store does in files. */
function libraryOf(...pictures: readonly Picture[]) {
	const shelf = new Map(pictures.map((picture) => [picture.id, picture]));
	return new PictureLibrary(
		{
			putPicture: async (picture) => void shelf.set(picture.id, picture),
			getPicture: async (id) => shelf.get(id),
		},
		wideLimits,
	);
}

test("what is added is found under its id", async () => {
	const library = libraryOf();
	const { id } = await library.add(picture.bytes);
	expect(id).toBe(picture.id);
	expect(await library.get(id)).toEqual(picture);
});

test("a picture that was found once is not looked for again", async () => {
	const asked: string[] = [];
	const shelf = {
		putPicture: async () => undefined,
		getPicture: async (id: string) => {
			asked.push(id);
			return picture;
		},
	};
	const library = new PictureLibrary(shelf, wideLimits);
	await library.get(picture.id);
	expect(await library.get(picture.id)).toEqual(picture);
	expect(asked).toEqual([picture.id]);
});

test("what is no picture is not added, and the input is named", async () => {
	const library = libraryOf();
	await expect(library.add(new Uint8Array(), "the file")).rejects.toMatchObject({
		code: "PICTURE_EMPTY",
		input: "the file",
	});
});

test("a reference by id finds what is kept, by data reads the bytes and keeps nothing", async () => {
	const library = libraryOf();
	expect(await library.resolve({ data: picture.bytes, id: null, url: undefined })).toEqual(picture);
	await expect(library.get(picture.id)).rejects.toMatchObject({ code: "PICTURE_NOT_FOUND", input: "id" });
	await library.keep(picture);
	expect(await library.resolve({ id: picture.id })).toEqual(picture);
});

test.each<[PictureReference, string]>([
	[{}, "none"],
	[{ id: null, url: null, data: null }, "none"],
	[{ id: "a", url: "http://example.org" }, "id and url"],
	[{ id: "a", url: "b", data: new Uint8Array() }, "id and url and data"],
])("a reference of %o is ambiguous", async (reference, given) => {
	await expect(libraryOf().resolve(reference, { input: "input.original" })).rejects.toMatchObject({
		code: "PICTURE_INPUT_AMBIGUOUS",
		input: "input.original",
		message: expect.stringContaining(given),
	});
});

test.each<[PictureReference, string, string]>([
	[{ id: "nobody" }, "PICTURE_NOT_FOUND", "mine.id"],
	[{ id: "" }, "PICTURE_NOT_FOUND", "mine.id"],
	[{ data: new Uint8Array() }, "PICTURE_EMPTY", "mine.data"],
	[{ data: Buffer.from("text") }, "PICTURE_UNREADABLE", "mine.data"],
	[{ url: "http://127.0.0.1/cat.png" }, "PICTURE_URL_REFUSED", "mine.url"],
	[{ url: "no address" }, "PICTURE_URL_REFUSED", "mine.url"],
])("a reference of %o is refused as %s, naming %s", async (reference, code, input) => {
	await expect(libraryOf().resolve(reference, { input: "mine" })).rejects.toMatchObject({ code, input });
});
