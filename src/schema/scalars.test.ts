/**
 * Base64 is read strictly and written as it was read.
 *
 * @module
 */
import fc from "fast-check";
import { Kind } from "graphql";
import { expect, test } from "vitest";
import { Base64 } from "./scalars.ts";

const bytes = fc.uint8Array().map((array) => Buffer.from(array));

test("reads what it writes", () => {
	fc.assert(
		fc.property(bytes, (data) => {
			expect(Buffer.from(Base64.parseValue(Base64.serialize(data)))).toEqual(data);
		}),
	);
});

test("reads either alphabet, with or without padding, over several lines", () => {
	fc.assert(
		fc.property(bytes, fc.nat({ max: 20 }), (data, place) => {
			const text = data.toString("base64");
			const broken = `${text.slice(0, place)}\r\n${text.slice(place)}`;
			for (const form of [text, text.replace(/=+$/, ""), data.toString("base64url"), broken]) {
				expect(Buffer.from(Base64.parseValue(form))).toEqual(data);
				expect(Buffer.from(Base64.parseLiteral({ kind: Kind.STRING, value: form }))).toEqual(data);
			}
		}),
	);
});

test("refuses any text with a character that is not base64", () => {
	fc.assert(
		fc.property(
			fc.base64String(),
			fc.constantFrom(..."!#$%&.,:;@~\0é中"),
			fc.base64String(),
			(before, stranger, after) => {
				expect(() => Base64.parseValue(before + stranger + after)).toThrow("Base64");
			},
		),
	);
});

test.each(["A", "AAAAA", "AA=A", "=", "AAA====", "AA===", "A===", "AAAA="])(
	"refuses %j, which no bytes give",
	(text) => {
		expect(() => Base64.parseValue(text)).toThrow("Base64 holds");
	},
);

test.each([1, null, true, {}])("refuses %j, which is no string", (value) => {
	expect(() => Base64.parseValue(value)).toThrow("must be a string");
});

test("refuses a literal that is no string", () => {
	expect(() => Base64.parseLiteral({ kind: Kind.INT, value: "12" })).toThrow("must be a string");
});

test("says what to do about a data address", () => {
	expect(() => Base64.parseValue("data:image/png;base64,AAAA")).toThrow("send only what follows the comma");
});

test("shows bytes only, and of a view no more than the view", () => {
	expect(() => Base64.serialize("text")).toThrow("bytes");
	expect(Base64.serialize(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toBe("AgM=");
});
