import { createHash } from "node:crypto";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { plain } from "../../../test/pictures.ts";
import { pictureFrom } from "./drawn.ts";
import { toPixels } from "./pixels.ts";

describe("what a decoder made", () => {
	it("becomes a PNG of the same pixels", async () => {
		const data = Uint8Array.from({ length: 3 * 2 * 3 }, (_, index) => index * 14);
		const picture = await pictureFrom({ kind: "pixels", width: 3, height: 2, data });
		expect(picture).toMatchObject({ mediaType: "image/png", width: 3, height: 2 });
		expect(new Uint8Array(await sharp(picture.bytes).raw().toBuffer())).toEqual(data);
		expect(picture.id).toBe(createHash("sha256").update(picture.bytes).digest("hex"));
	});

	it("stays the file it is when it is one", async () => {
		const bytes = await plain([1, 2, 3], 5, 4).webp().toBuffer();
		expect(await pictureFrom({ kind: "encoded", bytes })).toMatchObject({ bytes, mediaType: "image/webp", width: 5 });
	});

	it("is refused when it is no picture, or has fewer pixels than it says", async () => {
		const page = Buffer.from("<html>Bad gateway</html>");
		await expect(pictureFrom({ kind: "encoded", bytes: page })).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
		const pixels = { kind: "pixels", width: 4, height: 4, data: new Uint8Array(47) } as const;
		await expect(pictureFrom(pixels)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringContaining("47"),
		});
		const none = { kind: "pixels", width: 0, height: 4, data: new Uint8Array(0) } as const;
		await expect(pictureFrom(none)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});

	it("has its pixels, whatever becomes of the bytes they came in", async () => {
		const data = Uint8Array.from({ length: 4 * 3 * 3 }, (_, index) => index * 7);
		const drawn = Uint8Array.from(data);
		const picture = await pictureFrom({ kind: "pixels", width: 4, height: 3, data });
		data.fill(0);
		expect(await toPixels(picture)).toEqual({ kind: "pixels", width: 4, height: 3, data: drawn });
		const file = await sharp(picture.bytes).raw().toBuffer();
		expect([...file]).toEqual([...drawn]);
	});
});
