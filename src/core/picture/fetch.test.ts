import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { plain, wideLimits } from "../../../test/pictures.ts";
import { isPublicAddress } from "../../plugins/network/addresses.ts";
import { fetchPicture } from "./fetch.ts";

const servers: Server[] = [];

afterEach(async () => {
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	}
});

/** Serves on a free port of the loopback interface. */
async function serve(listener: RequestListener): Promise<{ port: number; url: string; asked: string[] }> {
	const asked: string[] = [];
	const server = createServer((request, response) => {
		asked.push(request.url ?? "");
		listener(request, response);
	});
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return { port, url: `http://127.0.0.1:${port}`, asked };
}

/** Lets the test's own servers through the guard, and nothing else. */
const local = { limits: wideLimits, allowAddress: (address: string) => address === "127.0.0.1" };

const picture = await plain([10, 20, 30]).png().toBuffer();

describe("a picture's address", () => {
	it("gives the bytes that are behind it", async () => {
		const { url } = await serve((_, response) => response.setHeader("content-type", "image/png").end(picture));
		expect(await fetchPicture(`${url}/a.png`, local)).toEqual(picture);
	});

	it("may say nothing of the type, or be wrong about it: the bytes decide later", async () => {
		const { url } = await serve(({ url }, response) => {
			if (url !== "/untyped") response.setHeader("content-type", "application/octet-stream");
			response.end(picture);
		});
		expect(await fetchPicture(`${url}/untyped`, local)).toEqual(picture);
		expect(await fetchPicture(`${url}/stream`, local)).toEqual(picture);
	});

	it("may lead on, to a relative address too", async () => {
		const { url, asked } = await serve((request, response) => {
			if (request.url === "/found/it") response.end(picture);
			else response.writeHead(request.url === "/" ? 301 : 307, { location: "/found/it" }).end();
		});
		expect(await fetchPicture(url, local)).toEqual(picture);
		expect(asked).toEqual(["/", "/found/it"]);
	});
});

describe("the guard", () => {
	it.each([
		"127.0.0.1",
		"127.8.8.8",
		"0.0.0.0",
		"10.0.0.1",
		"172.16.0.1",
		"192.168.1.1",
		"169.254.169.254",
		"100.64.0.1",
		"224.0.0.1",
		"255.255.255.255",
		"240.0.0.1",
		"198.18.0.1",
		"192.0.2.1",
		"::",
		"::1",
		"fe80::1",
		"fc00::1",
		"fd12:3456::1",
		"fec0::1",
		"ff02::1",
		"::ffff:127.0.0.1",
		"::ffff:10.0.0.1",
		"::ffff:a9fe:a9fe",
		"::127.0.0.1",
		"64:ff9b::7f00:1",
		"64:ff9b:1::a00:1",
		"2002:7f00:1::",
		"2001:0:7f00:1::",
		"2001:db8::1",
		"not an address",
		"",
	])("holds %j back", (address) => {
		expect(isPublicAddress(address)).toBe(false);
	});

	it.each(["93.184.216.34", "8.8.8.8", "172.32.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])(
		"lets %s through",
		(address) => {
			expect(isPublicAddress(address)).toBe(true);
		},
	);

	it("holds every private IPv4 address back, also inside IPv6", () => {
		const byte = fc.integer({ min: 0, max: 255 });
		const privatePart = fc.constantFrom("10.0", "127.0", "172.31", "192.168", "169.254");
		fc.assert(
			fc.property(privatePart, byte, byte, (start, third, fourth) => {
				const address = `${start}.${third}.${fourth}`;
				expect([address, `::ffff:${address}`, `64:ff9b::${address}`].filter(isPublicAddress)).toEqual([]);
			}),
		);
	});

	it.each([
		["a loopback address", "127.0.0.1"],
		["a name that resolves to one", "localhost"],
		["a short form of one", "127.1"],
		["a decimal form of one", "2130706433"],
		["an octal form of one", "0177.0.0.1"],
		["one inside IPv6", "[::ffff:127.0.0.1]"],
		["IPv6's own", "[::1]"],
	])("refuses %s and never connects", async (_, host) => {
		const { port, asked } = await serve((_, response) => response.end(picture));
		await expect(fetchPicture(`http://${host}:${port}/a.png`, { limits: wideLimits })).rejects.toMatchObject({
			code: "PICTURE_URL_REFUSED",
			input: "picture.url",
			retryable: false,
		});
		expect(asked).toEqual([]);
	});

	it.each(["http://10.0.0.1/", "http://192.168.0.1/", "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/"])(
		"refuses %s",
		async (url) => {
			await expect(fetchPicture(url, { limits: wideLimits })).rejects.toMatchObject({ code: "PICTURE_URL_REFUSED" });
		},
	);

	it.each(["http://127.0.0.1", "http://localhost", "http://[::ffff:127.0.0.1]", "http://169.254.169.254"])(
		"refuses a redirect to %s",
		async (target) => {
			const inner = await serve((_, response) => response.end(picture));
			const { url } = await serve((_, response) =>
				response.writeHead(302, { location: `${target}:${inner.port}/secret` }).end(),
			);
			const firstHop = { limits: wideLimits, allowAddress: allowOnce() };
			await expect(fetchPicture(url, firstHop)).rejects.toMatchObject({ code: "PICTURE_URL_REFUSED" });
			expect(inner.asked).toEqual([]);
		},
	);

	it.each([
		"ftp://example.com/a.png",
		"file:///etc/passwd",
		"data:image/png;base64,AAAA",
		"javascript:alert(1)",
		"//example.com/a.png",
		"a.png",
		"",
	])("refuses %j, which is no http or https address", async (url) => {
		await expect(fetchPicture(url, local)).rejects.toMatchObject({ code: "PICTURE_URL_REFUSED" });
	});

	it("refuses a redirect to a file", async () => {
		const { url } = await serve((_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end());
		await expect(fetchPicture(url, local)).rejects.toMatchObject({ code: "PICTURE_URL_REFUSED" });
	});

	it("refuses an address with a password and keeps the password to itself", async () => {
		const refused = fetchPicture("http://me:hunter2@127.0.0.1/a.png", local);
		await expect(refused).rejects.toMatchObject({
			code: "PICTURE_URL_REFUSED",
			message: expect.not.stringContaining("hunter2"),
		});
	});

	it("names the argument as its caller does, whichever check refused", async () => {
		const options = { limits: wideLimits, input: "sources[2].picture.url" };
		for (const url of ["http://127.0.0.1/", "http://localhost/", "ftp://example.com/"]) {
			await expect(fetchPicture(url, options)).rejects.toMatchObject({
				code: "PICTURE_URL_REFUSED",
				input: "sources[2].picture.url",
			});
		}
	});
});

describe("an address without a picture", () => {
	it.each([
		[404, false],
		[403, false],
		[429, true],
		[503, true],
	])("that answers with status %i fails; trying again helps: %s", async (status, retryable) => {
		const { url } = await serve((_, response) => response.writeHead(status).end("no"));
		await expect(fetchPicture(url, local)).rejects.toMatchObject({
			code: "PICTURE_URL_FAILED",
			message: expect.stringContaining(String(status)),
			retryable,
		});
	});

	it.each(["text/html; charset=utf-8", "text/plain", "application/json", "application/xhtml+xml"])(
		"that answers with %s fails with the advice to give the file's own",
		async (type) => {
			const { url } = await serve((_, response) => response.setHeader("content-type", type).end("<html></html>"));
			await expect(fetchPicture(url, local)).rejects.toMatchObject({
				code: "PICTURE_URL_FAILED",
				message: expect.stringContaining(type),
				advice: expect.stringContaining("file"),
				retryable: false,
			});
		},
	);

	it("that never answers fails when the time is up", async () => {
		const { url } = await serve(() => {});
		await expect(fetchPicture(url, { ...local, timeoutMs: 50 })).rejects.toMatchObject({
			code: "PICTURE_URL_FAILED",
			message: expect.stringContaining("50 ms"),
			retryable: true,
		});
	});

	it("that stops in the middle of the file fails when the time is up", async () => {
		const { url } = await serve((_, response) => void response.write(picture.subarray(0, 20)));
		await expect(fetchPicture(url, { ...local, timeoutMs: 50 })).rejects.toMatchObject({
			code: "PICTURE_URL_FAILED",
			message: expect.stringContaining("50 ms"),
		});
	});

	it("that hangs up in the middle of the file fails", async () => {
		const { url } = await serve((_, response) => {
			response.writeHead(200, { "content-length": "1000" });
			response.write(picture.subarray(0, 20), () => response.destroy());
		});
		await expect(fetchPicture(url, local)).rejects.toMatchObject({ code: "PICTURE_URL_FAILED", retryable: true });
	});

	it("that nobody serves fails", async () => {
		const { url } = await serve(() => {});
		const [server] = servers.splice(0);
		await new Promise((resolve) => server?.close(resolve));
		await expect(fetchPicture(url, local)).rejects.toMatchObject({
			code: "PICTURE_URL_FAILED",
			message: expect.stringContaining("could not be reached"),
			retryable: true,
		});
	});

	it("that sends more bytes than allowed is left at once, though it would never end", async () => {
		const { url } = await serve((request, response) => {
			const more = () => {
				while (!request.destroyed && !response.destroyed && response.write(new Uint8Array(1000)));
			};
			response.on("drain", more);
			more();
		});
		const limits = { ...wideLimits, bytes: 10_000 };
		await expect(fetchPicture(url, { ...local, limits })).rejects.toMatchObject({
			code: "PICTURE_TOO_LARGE",
			message: expect.stringContaining("10000"),
		});
	});

	it("that is just as long as allowed is taken", async () => {
		const { url } = await serve((_, response) => response.end(picture));
		const limits = { ...wideLimits, bytes: picture.length };
		expect(await fetchPicture(url, { ...local, limits })).toEqual(picture);
	});

	it("that redirects in a circle is left after five redirects", async () => {
		const { url, asked } = await serve((request, response) =>
			response.writeHead(302, { location: request.url === "/a" ? "/b" : "/a" }).end(),
		);
		await expect(fetchPicture(`${url}/a`, local)).rejects.toMatchObject({
			code: "PICTURE_URL_FAILED",
			message: expect.stringContaining("redirects more than 5 times"),
		});
		expect(asked).toEqual(["/a", "/b", "/a", "/b", "/a", "/b"]);
	});
});

it("gives up when its caller does", async () => {
	const controller = new AbortController();
	const { url } = await serve(() => controller.abort());
	await expect(fetchPicture(url, { ...local, signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
});

/** Lets the test's own first server through; after that the default guard decides. */
function allowOnce(): (address: string) => boolean {
	let isFirst = true;
	return (address) => {
		const allowed = isFirst || isPublicAddress(address);
		isFirst = false;
		return allowed;
	};
}
