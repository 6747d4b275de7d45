/**
 * Cursors lead back to their place, and nothing else passes for one.
 *
 * @module
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DeDiffusionError } from "../../plugins/index.ts";
import { cursorOf, placeOf } from "./cursor.ts";

const places = fc.record({
	createdAt: fc.integer({ min: 0, max: 8.64e15 }).map((time) => new Date(time)),
	id: fc.string({ minLength: 1, unit: "binary" }),
});

test("a cursor leads back to its place", () => {
	fc.assert(
		fc.property(places, (place) => {
			expect(placeOf(cursorOf(place))).toEqual(place);
		}),
	);
});

test("a cursor needs no escaping in an address", () => {
	fc.assert(
		fc.property(places, (place) => {
			expect(cursorOf(place)).toMatch(/^[\w-]+$/);
		}),
	);
});

test("anything else is refused by name, or is a place", () => {
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json().map(encode)), (cursor) => {
			try {
				expect(placeOf(cursor).createdAt.getTime()).not.toBeNaN();
			} catch (error) {
				expect(DeDiffusionError.is(error) && [error.code, error.input]).toEqual(["CURSOR_INVALID", "after"]);
			}
		}),
	);
});

test.each([[""], ["nonsense"], [encode("[]")], [encode('[-1, "id"]')], [encode('[1, ""]')], [encode('[1.5, "id"]')]])(
	"%j is refused",
	(cursor) => {
		expect(() => placeOf(cursor)).toThrow(expect.objectContaining({ code: "CURSOR_INVALID", input: "after" }));
	},
);

function encode(json: string): string {
	return Buffer.from(json).toString("base64url");
}
