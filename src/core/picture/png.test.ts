import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodePng } from "./png.ts";

/** Noise, which compresses badly, or one colour, which compresses well. */
const pictures = fc
	.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }), isNoise: fc.boolean() })
	.chain(({ width, height, isNoise }) => {
		const length = width * height * 3;
		const data = isNoise
			? fc.uint8Array({ minLength: length, maxLength: length })
			: fc.nat(255).map((value) => new Uint8Array(length).fill(value));
		return data.map((bytes) => ({ kind: "pixels", width, height, data: bytes }) as const);
	});

describe("a PNG", () => {
	it("holds the pixels that it was made of", async () => {
		await fc.assert(
			fc.asyncProperty(pictures, async (picture) => {
				const file = sharp(await encodePng(picture), { failOn: "warning" });
				const { format, width, height, channels, space, depth } = await file.metadata();
				expect({ format, channels, space, depth }).toEqual({
					format: "png",
					channels: 3,
					space: "srgb",
					depth: "uchar",
				});
				expect([width, height]).toEqual([picture.width, picture.height]);
				expect(Buffer.compare(await file.raw().toBuffer(), picture.data)).toBe(0);
			}),
			{ numRuns: 30 },
		);
	});

	it.each([
		[128, 128],
		[129, 128],
		[300, 200],
	])("of %i x %i pixels holds them too", async (width, height) => {
		const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * index) >> 3);
		const file = sharp(await encodePng({ kind: "pixels", width, height, data }), { failOn: "warning" });
		expect(await file.metadata()).toMatchObject({ format: "png", width, height });
		expect(Buffer.compare(await file.raw().toBuffer(), data)).toBe(0);
	});
});
