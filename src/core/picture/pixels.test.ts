import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type Colour, plain, striped, wideLimits } from "../../../test/pictures.ts";
import type { PixelImage } from "../../plugins/index.ts";
import { readPicture } from "./picture.ts";
import { toPixels } from "./pixels.ts";

const red: Colour = [255, 0, 0];
const green: Colour = [0, 255, 0];
const blue: Colour = [0, 0, 255];
const white: Colour = [255, 255, 255];

/** EXIF orientation: how the camera was held. */
const lying = { orientation: 6 };
const mirrored = { orientation: 2 };

const pixelsOf = async (bytes: Uint8Array, size?: { width: number; height: number }): Promise<PixelImage> =>
	toPixels(await readPicture(bytes, wideLimits), size);

function colourAt({ width, data }: PixelImage, x: number, y: number): number[] {
	return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

/** The colour, but for the rounding of a colour profile. */
function expectColour(image: PixelImage, x: number, y: number, colour: Colour): void {
	for (const [channel, value] of colourAt(image, x, y).entries()) {
		expect(Math.abs(value - (colour[channel] as number))).toBeLessThanOrEqual(2);
	}
}

/** Green all over, but for what resizing takes from beyond the cut. */
function expectGreen({ data }: PixelImage): void {
	const greens = data.filter((_, index) => index % 3 === 1);
	const others = data.filter((_, index) => index % 3 !== 1);
	expect(Math.min(...greens)).toBeGreaterThan(230);
	expect(Math.max(...others)).toBeLessThan(25);
}

describe("pixels", () => {
	it("come row by row, three bytes each", async () => {
		const image = await pixelsOf(await striped([red, green, blue], 3, 2).png().toBuffer());
		expect(image).toMatchObject({ kind: "pixels", width: 3, height: 2 });
		expect([...image.data]).toEqual([red, green, blue, red, green, blue].flat());
	});

	it("stand upright, as the file says how the camera was held", async () => {
		// What is stored on the left comes on top.
		const image = await pixelsOf(await striped([red, blue], 8, 4).withMetadata(lying).png().toBuffer());
		expect(image).toMatchObject({ width: 4, height: 8 });
		expectColour(image, 0, 0, red);
		expectColour(image, 3, 7, blue);
	});

	it("are mirrored when the file says so", async () => {
		const image = await pixelsOf(await striped([red, blue], 8, 4).withMetadata(mirrored).png().toBuffer());
		expectColour(image, 0, 0, blue);
		expectColour(image, 7, 3, red);
	});

	it("show white through what is transparent", async () => {
		const data = Uint8Array.from([...red, 0, ...red, 255, 0, 0, 0, 51]);
		const bytes = await sharp(data, { raw: { width: 3, height: 1, channels: 4 } })
			.png()
			.toBuffer();
		const image = await pixelsOf(bytes);
		expect(image.data).toHaveLength(9);
		expect(colourAt(image, 0, 0)).toEqual(white);
		expect(colourAt(image, 1, 0)).toEqual(red);
		expect(colourAt(image, 2, 0)).toEqual([204, 204, 204]);
	});

	it("are sRGB whatever profile the file has", async () => {
		const colour: Colour = [200, 60, 40];
		const bytes = await plain(colour).withIccProfile("p3").png().toBuffer();
		const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
		// The file's own numbers are Display P3's, which are others for the same colour.
		expect(Math.abs((stored[0] as number) - colour[0])).toBeGreaterThan(5);
		expectColour(await pixelsOf(bytes), 0, 0, colour);
	});

	it("are sRGB also of a file for printers", async () => {
		const image = await pixelsOf(await plain(white).toColourspace("cmyk").jpeg().toBuffer());
		expect(image.data).toHaveLength(16 * 16 * 3);
		expect(Math.min(...image.data)).toBeGreaterThan(250);
	});

	it("of an animation are those of its first frame", async () => {
		const frames = await Promise.all([red, green, blue].map((colour) => plain(colour, 6, 4).png().toBuffer()));
		const bytes = await sharp(frames, { join: { animated: true } })
			.webp({ lossless: true })
			.toBuffer();
		const image = await pixelsOf(bytes);
		expect(image).toMatchObject({ width: 6, height: 4 });
		expect(image.data).toEqual(Buffer.from(Array.from({ length: 24 }, () => red).flat()));
	});

	it.each([
		["8-bit grey", () => sharp(new Uint8Array(16).fill(100), { raw: { width: 4, height: 4, channels: 1 } })],
		[
			"16-bit grey",
			() =>
				sharp(new Uint16Array(16).fill(100 * 257), { raw: { width: 4, height: 4, channels: 1 } }).toColourspace(
					"grey16",
				),
		],
		[
			"16-bit colour",
			() =>
				sharp(new Uint16Array(48).fill(100 * 257), { raw: { width: 4, height: 4, channels: 3 } }).toColourspace(
					"rgb16",
				),
		],
	])("of %s become three equal bytes", async (_, file) => {
		const image = await pixelsOf(await file().png().toBuffer());
		expect([...image.data]).toEqual(new Array(48).fill(100));
		const small = await pixelsOf(await file().png().toBuffer(), { width: 2, height: 2 });
		expect([...small.data]).toEqual(new Array(12).fill(100));
	});

	it("of a size are cut from the middle, not squeezed", async () => {
		const image = await pixelsOf(await striped([red, green, green, blue], 32, 16).png().toBuffer(), {
			width: 8,
			height: 8,
		});
		expect([image.width, image.height]).toEqual([8, 8]);
		expectGreen(image);
	});

	it("of a size are cut after the picture is turned upright", async () => {
		// Upright, the stripes lie across: a tall picture keeps its middle two.
		const file = striped([red, green, green, blue], 32, 16).withMetadata(lying).png();
		const image = await pixelsOf(await file.toBuffer(), { width: 4, height: 4 });
		expectGreen(image);
	});

	it("have the size of the picture that was checked, and three bytes each, for every file", async () => {
		const file = fc.record({
			width: fc.integer({ min: 1, max: 24 }),
			height: fc.integer({ min: 1, max: 24 }),
			orientation: fc.integer({ min: 1, max: 8 }),
			format: fc.constantFrom("png" as const, "jpeg" as const, "webp" as const, "tiff" as const),
			grey: fc.boolean(),
		});
		await fc.assert(
			fc.asyncProperty(file, async ({ width, height, orientation, format, grey }) => {
				const drawn = plain([120, 90, 60], width, height).withMetadata({ orientation }).grayscale(grey);
				const picture = await readPicture(await drawn.toFormat(format).toBuffer(), wideLimits);
				const image = await toPixels(picture);
				expect([image.width, image.height]).toEqual([picture.width, picture.height]);
				expect(image.data).toHaveLength(image.width * image.height * 3);
			}),
			{ numRuns: 40 },
		);
	});

	it("of a file that went bad after it was checked are refused", async () => {
		const picture = await readPicture(await plain(red).png().toBuffer(), wideLimits);
		const damaged = { ...picture, bytes: picture.bytes.subarray(0, 40) };
		await expect(toPixels(damaged)).rejects.toMatchObject({ code: "PICTURE_UNREADABLE" });
	});
});
