/**
 * Pictures that cannot be used are refused by name, with advice.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { striped } from "./pictures.ts";
import { refusalOf } from "./refusals.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await serve();
});
afterAll(() => server.close());

const encode = (picture: object) =>
	server.ask("query ($picture: PictureInput!) { encode(picture: $picture) { text } }", { picture });
const base64 = (bytes: Uint8Array | string) => ({ data: Buffer.from(bytes).toString("base64") });

/** A PNG that claims a size and holds one line. */
function claimingPng(width: number, height: number): Buffer {
	const chunk = (type: string, data: Buffer) => {
		const body = Buffer.concat([Buffer.from(type), data]);
		const numbers = Buffer.alloc(8);
		numbers.writeUInt32BE(data.length, 0);
		numbers.writeUInt32BE(crc32(body), 4);
		return Buffer.concat([numbers.subarray(0, 4), body, numbers.subarray(4)]);
	};
	const header = Buffer.alloc(13);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	header.set([8, 0], 8);
	return Buffer.concat([
		Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
		chunk("IHDR", header),
		chunk("IDAT", deflateSync(Buffer.alloc(width + 1))),
		chunk("IEND", Buffer.alloc(0)),
	]);
}

test("a JPEG that is cut short", async () => {
	const whole = await striped(
		[
			[255, 0, 0],
			[0, 255, 0],
		],
		64,
		64,
	)
		.jpeg()
		.toBuffer();
	expect((await encode(base64(whole))).errors).toBeUndefined();
	const refusal = await refusalOf(await encode(base64(whole.subarray(0, whole.length * 0.7))));
	expect(refusal).toMatchObject({ code: "PICTURE_UNREADABLE", input: "picture.data" });
});

test("a text", async () => {
	const refusal = await refusalOf(await encode(base64("This is a cat.")));
	expect(refusal).toMatchObject({
		code: "PICTURE_UNREADABLE",
		input: "picture.data",
		advice: expect.stringContaining("PNG"),
	});
});

test("zero bytes", async () => {
	expect(await refusalOf(await encode({ data: "" }))).toMatchObject({ code: "PICTURE_EMPTY", input: "picture.data" });
});

test("more pixels than fit, told from the header", async () => {
	const refusal = await refusalOf(await encode(base64(claimingPng(30_000, 30_000))));
	expect(refusal).toMatchObject({ code: "PICTURE_TOO_LARGE", input: "picture.data" });
	expect(refusal.message).toMatch(/30,?000/);
});

test.each([
	[{}, "none"],
	[{ id: null }, "none"],
	[{ id: "x", url: "http://example.org/" }, "id and url"],
	[{ id: "x", url: "http://example.org/", data: "AAAA" }, "id and url and data"],
])("a picture named by %o", async (picture, given) => {
	const refusal = await refusalOf(await encode(picture));
	expect(refusal).toMatchObject({
		code: "PICTURE_INPUT_AMBIGUOUS",
		input: "picture",
		message: expect.stringContaining(given),
	});
});

test.each(["x", "0".repeat(64), "", "../../etc/passwd"])("an id that nobody has: %j", async (id) => {
	const refusal = await refusalOf(await encode({ id }));
	expect(refusal).toMatchObject({ code: "PICTURE_NOT_FOUND", input: "picture.id" });
	expect((await server.ask("query ($id: ID!) { picture(id: $id) { id } }", { id })).data).toEqual({ picture: null });
});

test.each([
	"http://127.0.0.1/cat.png",
	"http://localhost:8080/cat.png",
	"http://[::1]/cat.png",
	"http://[::ffff:10.0.0.1]/cat.png",
	"http://10.1.2.3/cat.png",
	"http://169.254.169.254/latest/meta-data/",
	"http://2130706433/",
	"http://0x7f.1/",
	"file:///etc/passwd",
	"ftp://example.org/cat.png",
	"data:image/png;base64,AAAA",
	"cat.png",
	"",
])("an address that is not public: %j", async (url) => {
	const refusal = await refusalOf(await encode({ url }));
	expect(refusal).toMatchObject({ code: "PICTURE_URL_REFUSED", input: "picture.url" });
});

test("the server itself", async () => {
	const refusal = await refusalOf(await encode({ url: `${server.url}/pictures/x` }));
	expect(refusal.code).toBe("PICTURE_URL_REFUSED");
});

test.each(["A", "not base64!", "data:image/png;base64,AAAA", 5, ["AAAA"]])(
	"bytes that are no base64: %j",
	async (data) => {
		const refusal = await refusalOf(await encode({ data }));
		expect(refusal).toMatchObject({ code: "INPUT_INVALID", input: "picture.data" });
	},
);
