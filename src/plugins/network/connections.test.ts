import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { type Answer, startService, type TestService } from "../testing/service.ts";
import { createConnections } from "./connections.ts";

const services: TestService[] = [];

afterEach(() => {
	for (const service of services.splice(0)) service.close();
});

async function serve(answer: Answer): Promise<TestService> {
	const service = await startService(answer);
	services.push(service);
	return service;
}

const echo: Answer = ({ method, path, headers, body }) => ({ method, path, headers, body });

describe("a connection to a service", () => {
	it("reaches the service itself, wherever it is", async () => {
		const { url } = await serve(echo);
		const fetch = createConnections().connect({ url: `${url}/v1` });
		const response = await fetch(`${url}/v1/models`, { method: "POST", body: '{"a":1}', headers: { "x-test": "yes" } });
		expect(await response.json()).toMatchObject({
			method: "POST",
			path: "/v1/models",
			headers: { "x-test": "yes" },
			body: { a: 1 },
		});
	});

	it.each(["http://localhost:9000/", "http://10.0.0.1/", "http://169.254.169.254/", "http://[::1]/"])(
		"does not reach %s",
		async (address) => {
			const fetch = createConnections().connect({ url: "https://api.example.com/v1" });
			await expect(fetch(address)).rejects.toMatchObject({
				code: "BACKEND_PROTOCOL",
				message: expect.stringMatching(/public internet/),
			});
		},
	);

	it("does not reach another port of the machine that the service is on", async () => {
		const [service, other] = [await serve(echo), await serve(echo)];
		const fetch = createConnections().connect({ url: service.url });
		await expect(fetch(other.url)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
		expect(other.asked).toEqual([]);
	});

	it("reaches the private origins that the configuration names", async () => {
		const [service, other] = [await serve(echo), await serve(echo)];
		const fetch = createConnections({ privateOrigins: [other.url] }).connect({ url: service.url });
		expect(await (await fetch(other.url)).json()).toMatchObject({ path: "/" });
	});

	it("speaks http and https alone", async () => {
		const { url } = await serve(
			(_, response) => void response.writeHead(302, { location: "file:///etc/passwd" }).end(),
		);
		const { connect } = createConnections();
		await expect(connect({ url })(url)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(/file:/),
		});
		expect(() => connect({ url: "ftp://example.com" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
	});
});

describe("a redirect", () => {
	const leading =
		(status: number, location: string): Answer =>
		(asked, response) =>
			asked.path === "/from" ? void response.writeHead(status, { location }).end() : echo(asked, response);
	const post = {
		method: "POST",
		body: '{"a":1}',
		headers: { authorization: "Bearer secret", "content-type": "application/json" },
	};

	it("inside of the service keeps everything", async () => {
		const { url } = await serve(leading(307, "/to"));
		const response = await createConnections().connect({ url })(`${url}/from`, post);
		expect(await response.json()).toMatchObject({
			method: "POST",
			path: "/to",
			body: { a: 1 },
			headers: { authorization: "Bearer secret" },
		});
	});

	it("after a post asks with GET where the status says so", async () => {
		const { url } = await serve(leading(303, "/to"));
		const answer = await (await createConnections().connect({ url })(`${url}/from`, post)).json();
		expect(answer).toMatchObject({ method: "GET", path: "/to" });
		expect(answer).not.toHaveProperty("body");
	});

	it("out of the service loses the key", async () => {
		const other = await serve(echo);
		const { url } = await serve(leading(307, `${other.url}/to`));
		const fetch = createConnections({ privateOrigins: [other.url] }).connect({ url });
		const { headers, body } = (await (await fetch(`${url}/from`, post)).json()) as { headers: object; body: object };
		expect(headers).not.toHaveProperty("authorization");
		expect(body).toEqual({ a: 1 });
	});

	it("in a circle ends", async () => {
		const { url, asked } = await serve((_, response) => void response.writeHead(302, { location: "/from" }).end());
		await expect(createConnections().connect({ url })(url)).rejects.toMatchObject({
			message: expect.stringMatching(/more than 5 times/),
		});
		expect(asked).toHaveLength(6);
	});
});

describe("an answer", () => {
	it("that is too long ends with an error, though it would never end", async () => {
		const { url } = await serve((_, response) => {
			const more = () => {
				while (!response.destroyed && response.write(new Uint8Array(1000)));
			};
			response.on("drain", more);
			more();
			return undefined;
		});
		const response = await createConnections().connect({ url, maxBytes: 10_000 })(url);
		await expect(response.arrayBuffer()).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(/10000 bytes/),
		});
	});

	it("that is as long as allowed is taken, and counted unpacked", async () => {
		const { url } = await serve((_, response) => {
			response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(5000, "a")));
			return undefined;
		});
		const read = async (maxBytes: number) => (await createConnections().connect({ url, maxBytes })(url)).text();
		expect(await read(5000)).toHaveLength(5000);
		await expect(read(4999)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});

	it("without a body is one", async () => {
		const { url } = await serve((_, response) => void response.writeHead(204).end());
		expect((await createConnections().connect({ url })(url)).status).toBe(204);
	});

	it("that comes too late, or that nobody waits for, says which of them it was", async () => {
		const { url } = await serve(() => undefined);
		const fetch = createConnections().connect({ url });
		await expect(fetch(url, { signal: AbortSignal.timeout(1) })).rejects.toMatchObject({ code: "BACKEND_TIMEOUT" });
		await expect(fetch(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
	});

	it("never comes from where nobody listens, nor from connections that were closed", async () => {
		const service = await serve(echo);
		service.close();
		const { connect, close } = createConnections();
		const fetch = connect({ url: service.url });
		await expect(fetch(service.url)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
		await close();
	});
});

it("requests are traced without their secrets", async () => {
	const { url } = await serve(echo);
	const spans: unknown[] = [];
	const { connect } = createConnections({
		trace: (name, attributes, work) => {
			spans.push([name, attributes]);
			return work();
		},
	});
	await connect({ url })(`${url}/a?key=hidden`);
	expect(spans).toEqual([["decoder.fetch", { host: new URL(url).host, method: "GET" }]]);
});
