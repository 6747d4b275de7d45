/**
 * The contact sheet shows each picture in its place.
 *
 * @module
 */
import sharp from "sharp";
import { expect, test } from "vitest";
import { drawContactSheet } from "./contact-sheet.ts";

const plain = (background: string) =>
	sharp({ create: { width: 8, height: 8, channels: 3, background } })
		.png()
		.toBuffer();

async function colourAt(file: Buffer, left: number, top: number): Promise<number[]> {
	const { data } = await sharp(file)
		.extract({ left, top, width: 1, height: 1 })
		.raw()
		.toBuffer({ resolveWithObject: true });
	return [...data];
}

test("says on the grey why there is no picture", async () => {
	const sheetWith = (why: string | undefined) =>
		drawContactSheet({ columns: ["only"], rows: [{ label: "seed 1", pictures: [why] }] });
	const [silent, telling] = await Promise.all([sheetWith(undefined), sheetWith("backend unavailable")]);
	const square = { left: 162, top: 40, width: 192, height: 192 };
	const darkest = async (sheet: Buffer) => {
		const { channels } = await sharp(await sharp(sheet).extract(square).toBuffer()).stats();
		return channels[0]?.min;
	};
	expect(await darkest(silent)).toBe(0xdd);
	expect(await darkest(telling)).toBeLessThan(0x80);
});

test("puts rows and columns where they belong and leaves missing pictures grey", async () => {
	const sheet = await drawContactSheet({
		columns: ["first <&>", "second"],
		rows: [
			{ label: "seed 1", pictures: [await plain("red"), await plain("lime")] },
			{ label: "seed 2", pictures: [await plain("blue"), undefined] },
		],
	});
	const { width, height } = await sharp(sheet).metadata();
	expect([width, height]).toEqual([150 + 2 * 204 + 12, 28 + 2 * 204 + 12]);
	expect(await colourAt(sheet, 162 + 96, 40 + 96)).toEqual([255, 0, 0]);
	expect(await colourAt(sheet, 366 + 96, 40 + 96)).toEqual([0, 255, 0]);
	expect(await colourAt(sheet, 162 + 96, 244 + 96)).toEqual([0, 0, 255]);
	expect(await colourAt(sheet, 366 + 96, 244 + 96)).toEqual([0xdd, 0xdd, 0xdd]);
});

test("has a line under each picture where there is something to say", async () => {
	const picture = await plain("red");
	const sheet = await drawContactSheet({
		columns: ["first", "second"],
		rows: [
			{ label: "seed 1", pictures: [picture, picture], captions: [undefined, "LPIPS 0.312"] },
			{ label: "seed 2", pictures: [picture, picture] },
		],
	});
	expect((await sharp(sheet).metadata()).height).toBe(28 + 2 * (204 + 18) + 12);
	expect(await colourAt(sheet, 162 + 96, 40 + 204 + 18 + 96)).toEqual([255, 0, 0]);
	const under = async (left: number) => {
		const line = sharp(sheet).extract({ left, top: 40 + 194, width: 192, height: 18 });
		return (await sharp(await line.toBuffer()).stats()).channels[0]?.min;
	};
	expect(await under(162)).toBe(255);
	expect(await under(366)).toBeLessThan(0x80);
});
