import { type LookupAddress, lookup } from "node:dns";
import { Agent, fetch } from "undici";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startService, type TestService } from "../testing/service.ts";
import { ForbiddenAddress, findCause, guardedLookup, isPublicAddress } from "./addresses.ts";

/** What the name server says, in the order that it is asked; the last answer for ever. */
let answers: (readonly string[])[];

vi.mock("node:dns", async (actual) => ({
	...(await actual<typeof import("node:dns")>()),
	lookup: vi.fn((_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void) => {
		const found = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
		callback(
			null,
			found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
		);
	}),
}));

let service: TestService;
let agent: Agent;

beforeEach(async () => {
	vi.mocked(lookup).mockClear();
	service = await startService(({ path, headers }) => ({ path, host: headers.host }));
	// The service stands for the public internet, everything else for a private network.
	agent = new Agent({ connect: { lookup: guardedLookup((address) => address === "127.0.0.1") } });
});

afterEach(async () => {
	service.close();
	await agent.destroy();
});

const ask = () => fetch(service.url.replace("127.0.0.1", "rebinding.test"), { dispatcher: agent });
const refusalOf = (asking: Promise<unknown>) =>
	asking.then(
		() => undefined,
		(error: unknown) => findCause(error, (cause): cause is ForbiddenAddress => cause instanceof ForbiddenAddress)?.host,
	);

describe("a name that changes its mind", () => {
	it("is connected to at the address that was checked: nobody asks a second time", async () => {
		answers = [["127.0.0.1"], ["10.0.0.1"]];
		expect(await (await ask()).json()).toMatchObject({ host: expect.stringContaining("rebinding.test") });
		expect(lookup).toHaveBeenCalledTimes(1);
	});

	it("is checked anew for each connection", async () => {
		answers = [["127.0.0.1"], ["10.0.0.1"]];
		const response = await ask();
		await response.body?.cancel();
		await agent.destroy();
		agent = new Agent({ connect: { lookup: guardedLookup((address) => address === "127.0.0.1") } });
		expect(await refusalOf(ask())).toBe("rebinding.test");
		expect(service.asked).toHaveLength(1);
	});

	it("is refused where but one of its addresses is private, whichever would be taken", async () => {
		for (const both of [
			["127.0.0.1", "10.0.0.1"],
			["10.0.0.1", "127.0.0.1"],
			["127.0.0.1", "::1"],
		]) {
			answers = [both];
			expect(await refusalOf(ask())).toBe("rebinding.test");
		}
		expect(service.asked).toEqual([]);
	});

	it("is refused where it has no address at all", async () => {
		answers = [[]];
		expect(await refusalOf(ask())).toBe("rebinding.test");
	});
});

describe("public is", () => {
	it.each(["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])("%s", (address) => {
		expect(isPublicAddress(address)).toBe(true);
	});

	it.each([
		"127.0.0.1",
		"10.1.2.3",
		"172.16.0.1",
		"192.168.0.1",
		"169.254.169.254",
		"100.64.0.1",
		"0.0.0.0",
		"224.0.0.1",
		"255.255.255.255",
		"::1",
		"::",
		"fe80::1",
		"fc00::1",
		"::ffff:127.0.0.1",
		"64:ff9b::7f00:1",
		"2002:7f00:1::",
		"localhost",
	])("not %s", (address) => {
		expect(isPublicAddress(address)).toBe(false);
	});
});
