import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { plain, striped, wideLimits } from "../../../test/pictures.ts";
import { readPicture } from "./picture.ts";

describe("a picture", () => {
	it.each([
		["png", "image/png"],
		["jpeg", "image/jpeg"],
		["webp", "image/webp"],
		["gif", "image/gif"],
		["avif", "image/avif"],
		["tiff", "image/tiff"],
	] as const)("of the format %s is taken as %s, byte for byte", async (format, mediaType) => {
		const bytes = await plain([200, 30, 40], 12, 7).toFormat(format).toBuffer();
		expect(await readPicture(bytes, wideLimits)).toEqual({
			id: createHash("sha256").update(bytes).digest("hex"),
			bytes,
			mediaType,
			width: 12,
			height: 7,
		});
	});

	it("that lies on its side has the size it is seen in", async () => {
		const bytes = await plain([1, 2, 3], 12, 7).withMetadata({ orientation: 6 }).jpeg().toBuffer();
		expect(await readPicture(bytes, wideLimits)).toMatchObject({ width: 7, height: 12 });
	});

	it("that moves has the size of a frame, and only that one counts against the limit", async () => {
		const frames = await Promise.all([10, 200].map((red) => plain([red, 0, 0], 8, 5).png().toBuffer()));
		const bytes = await sharp(frames, { join: { animated: true } })
			.gif()
			.toBuffer();
		expect(await readPicture(bytes, { ...wideLimits, pixels: 40 })).toMatchObject({ width: 8, height: 5 });
	});

	it("just within both limits is taken", async () => {
		const bytes = await plain([9, 9, 9], 10, 10).png().toBuffer();
		expect(await readPicture(bytes, { bytes: bytes.length, pixels: 100 })).toMatchObject({ width: 10, height: 10 });
	});
});

describe("refused is", () => {
	const refusal = (bytes: Uint8Array, limits = wideLimits) =>
		readPicture(bytes, limits, "picture.data").then(
			() => expect.unreachable("It was taken."),
			({ code, input, message }) => ({ code, input, message }),
		);

	it("nothing at all", async () => {
		expect(await refusal(new Uint8Array())).toMatchObject({ code: "PICTURE_EMPTY", input: "picture.data" });
	});

	it("a file of one byte more than the limit", async () => {
		const bytes = await plain([9, 9, 9]).png().toBuffer();
		expect(await refusal(bytes, { ...wideLimits, bytes: bytes.length - 1 })).toEqual({
			code: "PICTURE_TOO_LARGE",
			input: "picture.data",
			message: expect.stringContaining(`${bytes.length - 1}`),
		});
	});

	it("a picture of one pixel more than the limit", async () => {
		const bytes = await plain([9, 9, 9], 10, 10).png().toBuffer();
		expect(await refusal(bytes, { ...wideLimits, pixels: 99 })).toMatchObject({
			code: "PICTURE_TOO_LARGE",
			message: expect.stringContaining("10 x 10"),
		});
	});

	it("a PNG of 30,000 x 30,000 pixels by its header, before its pixels are looked at", async () => {
		// Its pixels are missing: had they been decoded, the file would be called damaged.
		const bytes = pngOfHeaderAlone(30_000, 30_000);
		expect(await refusal(bytes, { ...wideLimits, pixels: 50_000_000 })).toMatchObject({
			code: "PICTURE_TOO_LARGE",
			message: expect.stringContaining("30000 x 30000"),
		});
		expect(await refusal(bytes, { ...wideLimits, pixels: 30_000 ** 2 })).toMatchObject({ code: "PICTURE_UNREADABLE" });
	});

	it("a text file, whatever it is called", async () => {
		expect(await refusal(Buffer.from("This is holiday.png, honestly."))).toMatchObject({
			code: "PICTURE_UNREADABLE",
			input: "picture.data",
		});
	});

	it("a drawing that could read files and addresses", async () => {
		const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>';
		expect(await refusal(Buffer.from(svg))).toMatchObject({
			code: "PICTURE_UNREADABLE",
			message: expect.stringContaining("svg"),
		});
	});

	it.each(["png", "jpeg", "webp", "gif", "avif"] as const)("a %s that is cut short", async (format) => {
		const stripes = striped(
			[
				[250, 10, 20],
				[20, 240, 90],
				[90, 20, 200],
			],
			64,
			64,
		);
		const bytes = await stripes.toFormat(format).toBuffer();
		const half = bytes.subarray(0, Math.floor(bytes.length / 2));
		expect(await refusal(half)).toMatchObject({ code: "PICTURE_UNREADABLE", input: "picture.data" });
	});

	it("any handful of bytes, and always with a typed error", async () => {
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), async (bytes) => {
				expect(await refusal(bytes)).toMatchObject({ code: "PICTURE_UNREADABLE" });
			}),
		);
	});
});

/** A PNG whose header promises 8-bit grey pixels that never come. */
function pngOfHeaderAlone(width: number, height: number): Uint8Array {
	const header = Buffer.alloc(13);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	header[8] = 8;
	const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
	const noPixels = Buffer.from([0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]);
	return Buffer.concat([
		signature,
		pngChunk("IHDR", header),
		pngChunk("IDAT", noPixels),
		pngChunk("IEND", Buffer.alloc(0)),
	]);
}

function pngChunk(type: string, data: Buffer): Buffer {
	const content = Buffer.concat([Buffer.from(type, "latin1"), data]);
	const length = Buffer.alloc(4);
	length.writeUInt32BE(data.length);
	const checksum = Buffer.alloc(4);
	checksum.writeUInt32BE(crc32(content));
	return Buffer.concat([length, content, checksum]);
}
