import { describe, expect, it } from "vitest";
import { queueOf } from "./queue.ts";

describe("a queue", () => {
	it("gives each call's results when they are there, though others were asked for with them", async () => {
		const slow = Promise.withResolvers<void>();
		const calls: string[][] = [];
		const queue = queueOf<string, string>({
			lane: "network",
			maxBatch: 2,
			likeness: (request) => request.slice(0, 1),
			call: async (requests) => {
				calls.push([...requests]);
				if (requests[0]?.startsWith("s")) await slow.promise;
				if (requests[0]?.startsWith("f")) throw new Error("failed");
				return requests.map((request) => request.toUpperCase());
			},
		});
		const [s1, a1, a2, a3, f1] = ["s1", "a1", "a2", "a3", "f1"].map((request) => queue.load({ request }));
		expect(await Promise.all([a1, a2, a3])).toEqual(["A1", "A2", "A3"]);
		await expect(f1).rejects.toThrow("failed");
		slow.resolve();
		expect(await s1).toBe("S1");
		expect(calls).toEqual([["s1"], ["a1", "a2"], ["a3"], ["f1"]]);
	});

	it("waits for a local model, and then asks for all that waits at once", async () => {
		const gate = Promise.withResolvers<void>();
		const calls: string[][] = [];
		const queue = queueOf<string, string>({
			lane: "cpu",
			maxBatch: 4,
			call: async (requests) => {
				calls.push([...requests]);
				await gate.promise;
				return requests;
			},
		});
		const first = queue.load({ request: "one" });
		await new Promise(setImmediate);
		await new Promise(setImmediate);
		const others = ["two", "three"].map((request) => queue.load({ request }));
		gate.resolve();
		expect(await Promise.all([first, ...others])).toEqual(["one", "two", "three"]);
		expect(calls).toEqual([["one"], ["two", "three"]]);
	});
});
