/**
 * Pixels as a PNG file (W3C, Portable Network Graphics, third edition).
 *
 * @module
 */
import { promisify } from "node:util";
import { crc32, deflate } from "node:zlib";
import sharp from "sharp";
import type { PixelImage } from "../../plugins/index.ts";

const compress = promisify<Uint8Array, { readonly chunkSize: number }, Buffer>(deflate);

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const bitsPerSample = 8;
const trueColour = 2;
const channels = 3;

/** Pixels, up to which setting up sharp's pipeline takes longer than writing the file; its compression is the faster one. */
const small = 128 * 128;

/** @param image At least one pixel, interleaved 8-bit sRGB. */
export async function encodePng(image: PixelImage): Promise<Buffer> {
	const { width, height, data } = image;
	return width * height <= small
		? encodeSmall(image)
		: sharp(data, { raw: { width, height, channels } }).png().toBuffer();
}

async function encodeSmall({ width, height, data }: PixelImage): Promise<Buffer> {
	const header = Buffer.alloc(13);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	header.set([bitsPerSample, trueColour], 8);
	const rows = rowsOf(data, width * channels, height);
	// In one piece: each further one would be a trip to another thread and back.
	const pixels = await compress(rows, { chunkSize: rows.length + 1024 });
	return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

/** Each row after the number of its filter; 0 leaves its bytes as they are. */
function rowsOf(data: Uint8Array, stride: number, height: number): Buffer {
	const rows = Buffer.alloc((stride + 1) * height);
	for (let row = 0; row < height; row++) {
		rows.set(data.subarray(row * stride, (row + 1) * stride), row * (stride + 1) + 1);
	}
	return rows;
}

/** Length of the data, name, data, and a checksum of name and data. */
function chunk(name: string, data: Uint8Array): Buffer {
	const bytes = Buffer.alloc(data.length + 12);
	bytes.writeUInt32BE(data.length, 0);
	bytes.write(name, 4, "latin1");
	bytes.set(data, 8);
	bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), data.length + 8);
	return bytes;
}
