import { describe, expect, it } from "vitest";
import { type Colour, plain, plainPicture, striped, wideLimits } from "../../../test/pictures.ts";
import { readPicture } from "../picture/picture.ts";
import { fidelity } from "./fidelity.ts";

const red: Colour = [255, 0, 0];
const green: Colour = [0, 255, 0];
const blue: Colour = [0, 0, 255];

describe("fidelity", () => {
	it("of a picture to itself has no finite PSNR and an SSIM of 1", async () => {
		const picture = await readPicture(await striped([red, green, blue], 24, 16).png().toBuffer(), wideLimits);
		const measured = await fidelity(picture, picture);
		expect(measured.psnr).toBeNull();
		expect(measured.ssim).toBeCloseTo(1, 12);
	});

	it("of opposites is the worst there is", async () => {
		const measured = await fidelity(await plainPicture([0, 0, 0]), await plainPicture([255, 255, 255]));
		expect(measured.psnr).toBeCloseTo(0, 12);
		expect(measured.ssim).toBeCloseTo(0, 3);
	});

	it("compares the middle of the original, in the size of the reconstruction", async () => {
		const original = await readPicture(await striped([red, green, green, blue], 64, 32).png().toBuffer(), wideLimits);
		expect((await fidelity(original, await plainPicture(green, 8))).psnr).toBeGreaterThan(30);
		expect((await fidelity(original, await plainPicture(green, 16, 8))).psnr).toBeLessThan(20);
	});

	it("sees pictures alike that only their files tell apart", async () => {
		const png = await plainPicture(blue, 16);
		const webp = await readPicture(await plain(blue, 16).webp({ lossless: true }).toBuffer(), wideLimits);
		expect(await fidelity(png, webp)).toEqual({ psnr: null, ssim: expect.closeTo(1, 10) });
	});

	it("has no SSIM where a side has fewer than 7 pixels", async () => {
		const measured = await fidelity(await plainPicture(red, 32), await plainPicture(green, 20, 6));
		expect(measured).toEqual({ psnr: expect.any(Number), ssim: null });
		expect((await fidelity(await plainPicture(red, 32), await plainPicture(green, 7))).ssim).not.toBeNull();
	});
});
