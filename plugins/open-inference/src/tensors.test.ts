import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	type Datatype,
	elementsInBytes,
	fits,
	type NumberType,
	numbersInBytes,
	numbersInJson,
	textsInJson,
	toBytes,
	toJson,
} from "./tensors.ts";

/** Values that each type holds as they are. */
const values: Readonly<Record<NumberType, fc.Arbitrary<number>>> = {
	BOOL: fc.constantFrom(0, 1),
	UINT8: fc.nat(2 ** 8 - 1),
	UINT16: fc.nat(2 ** 16 - 1),
	UINT32: fc.nat(2 ** 32 - 1),
	UINT64: fc.maxSafeNat(),
	INT8: fc.integer({ min: -(2 ** 7), max: 2 ** 7 - 1 }),
	INT16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
	INT32: fc.integer(),
	INT64: fc.maxSafeInteger(),
	FP16: fc.integer({ min: -2048, max: 2048 }),
	FP32: fc.float({ noNaN: true }),
	FP64: fc.double({ noNaN: true }),
};

describe.each(Object.entries(values) as [NumberType, fc.Arbitrary<number>][])("%s", (datatype, value) => {
	it("comes back as it was sent", () => {
		fc.assert(
			fc.property(fc.array(value), (sent) => {
				const bytes = toBytes(datatype, sent);
				expect([...numbersInBytes(datatype, bytes, sent.length)]).toEqual(sent);
				expect(sent.every((one) => fits(datatype, one))).toBe(true);
			}),
		);
	});

	it("is read wherever its bytes begin", () => {
		const bytes = toBytes(datatype, [1, 0, 1]);
		const shifted = new Uint8Array(bytes.length + 1);
		shifted.set(bytes, 1);
		expect([...numbersInBytes(datatype, shifted.subarray(1), 3)]).toEqual([1, 0, 1]);
	});

	it("is refused where bytes are missing or left over", () => {
		for (const count of [1, 3]) {
			expect(() => numbersInBytes(datatype, toBytes(datatype, [1, 0]), count)).toThrow(/2|bytes/);
		}
	});
});

it("sends the bytes that the specification shows", () => {
	expect(toBytes("UINT32", [1, 258])).toEqual(new Uint8Array([1, 0, 0, 0, 2, 1, 0, 0]));
	expect(toBytes("INT64", [-2])).toEqual(new Uint8Array([254, 255, 255, 255, 255, 255, 255, 255]));
	expect(toBytes("FP32", [1.5])).toEqual(new Uint8Array([0, 0, 192, 63]));
	expect(toBytes("FP16", [1.5])).toEqual(new Uint8Array([0, 62]));
	expect(toBytes("BOOL", [true, false])).toEqual(new Uint8Array([1, 0]));
	expect(new Uint8Array(toBytes("BYTES", ["é", ""]))).toEqual(new Uint8Array([2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0]));
});

it("sends texts that come back, whatever is in them", () => {
	fc.assert(
		fc.property(fc.array(fc.string({ unit: "grapheme" })), (texts) => {
			const elements = elementsInBytes(toBytes("BYTES", texts), texts.length);
			expect(elements.map((bytes) => Buffer.from(bytes).toString())).toEqual(texts);
		}),
	);
});

it("never reads past the end of bytes that are no elements", () => {
	fc.assert(
		fc.property(fc.uint8Array(), fc.nat(4), (bytes, count) => {
			try {
				const length = elementsInBytes(bytes, count).reduce((sum, element) => sum + 4 + element.length, 0);
				expect(length).toBe(bytes.length);
			} catch (error) {
				expect(error).toMatchObject({ code: "BACKEND_PROTOCOL" });
			}
		}),
	);
});

it("writes JSON with the types that it has", () => {
	expect(toJson("BOOL", [1, false])).toEqual([true, false]);
	expect(toJson("INT64", [7])).toEqual([7]);
	expect(toJson("BYTES", ["a"])).toEqual(["a"]);
});

it("reads JSON, flat or nested", () => {
	expect([
		...numbersInJson(
			[
				[1, 2],
				[[3], true],
			],
			4,
		),
	]).toEqual([1, 2, 3, 1]);
	expect(textsInJson([["a"], "b"], 2)).toEqual(["a", "b"]);
	for (const data of [[1], [1, 2, 3], [1, "2"], [1, null]]) {
		expect(() => numbersInJson(data, 2)).toThrow(/2 numbers/);
	}
	expect(() => textsInJson(["a", 1], 2)).toThrow(/2 texts/);
});

it.each<[Datatype, string | number | boolean, boolean]>([
	["BYTES", "a", true],
	["BYTES", 1, false],
	["FP32", "a", false],
	["UINT8", 256, false],
	["UINT8", 0.5, false],
	["FP16", 0.5, true],
	["BOOL", true, true],
	["BOOL", 2, false],
	["INT32", -1, true],
	["UINT64", -1, false],
])("says whether %s holds %j", (datatype, value, expected) => {
	expect(fits(datatype, value)).toBe(expected);
});
