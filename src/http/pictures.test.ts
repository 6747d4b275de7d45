/**
 * Pictures over plain HTTP: what is uploaded comes back, and is never taken for anything else.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { plain, plainPicture } from "../../test/pictures.ts";
import { refusalOf } from "../../test/refusals.ts";
import { serve, type TestServer } from "../../test/server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await serve({ engine: { limits: { pictureBytes: 2000 } } });
});
afterAll(() => server.close());

type Body = NonNullable<RequestInit["body"]>;

const upload = (body: Body, headers: Record<string, string> = {}) =>
	fetch(`${server.url}/pictures`, { method: "POST", body, headers });

function formWith(file: Uint8Array<ArrayBuffer>, name: string): FormData {
	const form = new FormData();
	form.append("file", new Blob([file]), name);
	return form;
}

test.each(["image/png", "application/octet-stream", "text/plain", "application/json", undefined])(
	"takes a file as the body, whatever its type is called (%s)",
	async (type) => {
		const { id, bytes } = await plainPicture([1, 2, 3], 24, 16);
		const answer = await upload(new Blob([Buffer.from(bytes)]), type === undefined ? {} : { "content-type": type });
		expect(answer.status).toBe(201);
		expect(answer.headers.get("location")).toBe(`/pictures/${id}`);
		expect(await answer.json()).toEqual({ id, url: `/pictures/${id}`, width: 24, height: 16 });
	},
);

test("takes the first file of a form", async () => {
	const { id, bytes } = await plainPicture([4, 5, 6]);
	const answer = await upload(formWith(Buffer.from(bytes), "cat.png"));
	expect(answer.status).toBe(201);
	expect(await answer.json()).toEqual({ id, url: `/pictures/${id}`, width: 16, height: 16 });
});

test.each(["png", "jpeg", "webp", "gif"] as const)("serves a %s as it was uploaded, for ever", async (format) => {
	const file = await plain([7, 8, 9]).toFormat(format).toBuffer();
	const { url } = (await (await upload(new Blob([Buffer.from(file)]))).json()) as { url: string };
	const answer = await fetch(server.url + url);
	expect(answer.status).toBe(200);
	expect(answer.headers.get("content-type")).toBe(`image/${format}`);
	expect(answer.headers.get("cache-control")).toContain("immutable");
	expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
	expect(answer.headers.get("content-security-policy")).toContain("sandbox");
	expect(Buffer.from(await answer.bytes())).toEqual(file);
});

test("does not send a file again to a client that has it", async () => {
	const { id } = await server.engine.pictures.add((await plainPicture([9, 9, 9])).bytes);
	const url = `${server.url}/pictures/${id}`;
	const etag = (await fetch(url)).headers.get("etag") as string;
	expect(etag).toBe(`"${id}"`);
	const known = await fetch(url, { headers: { "if-none-match": `"other", ${etag}` } });
	expect([known.status, await known.text()]).toEqual([304, ""]);
	expect((await fetch(url, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
});

test.each(["nobody", "..%2F..%2Fdatabase", "f".repeat(64)])("has no picture %s", async (id) => {
	const refusal = await refusalOf(await fetch(`${server.url}/pictures/${id}`));
	expect(refusal).toMatchObject({ status: 404, code: "PICTURE_NOT_FOUND", input: "id" });
});

test.each<[string, () => Body]>([
	["an empty body", () => new Blob([])],
	["a form without a file", () => new FormData()],
	["a form with an empty file", () => formWith(new Uint8Array(), "empty.png")],
])("refuses %s", async (_name, body) => {
	expect(await refusalOf(await upload(body()))).toMatchObject({ status: 400, code: "PICTURE_EMPTY" });
});

test.each<[string, () => Body]>([
	["a text", () => "This is a cat."],
	["a text whose name ends in .png", () => formWith(Buffer.from("This is a cat."), "cat.png")],
	["a page", () => new Blob(["<html><script>alert(1)</script></html>"], { type: "image/png" })],
])("refuses %s", async (_name, body) => {
	expect(await refusalOf(await upload(body()))).toMatchObject({ status: 400, code: "PICTURE_UNREADABLE" });
});

test.each<[string, () => Body]>([
	["a body", () => new Blob([new Uint8Array(2001)])],
	["a form's file", () => formWith(new Uint8Array(2001), "big.png")],
])("refuses %s of more bytes than the limit, and says how many", async (_name, body) => {
	const refusal = await refusalOf(await upload(body()));
	expect(refusal).toMatchObject({ status: 413, code: "PICTURE_TOO_LARGE", message: expect.stringContaining("2000") });
});

test.each<[string, string]>([
	["multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="f"; file'],
	["multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nGIF89a'],
	["multipart/form-data", "--x--"],
])("refuses a form that is malformed or breaks off (%s, %j)", async (type, body) => {
	const refusal = await refusalOf(await upload(body, { "content-type": type }));
	expect(refusal).toMatchObject({ status: 400, code: "INPUT_INVALID", input: "body" });
});
