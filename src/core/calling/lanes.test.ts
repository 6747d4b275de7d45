import { describe, expect, it } from "vitest";
import { Lanes } from "./lanes.ts";

const never = new AbortController().signal;

/** An action that lasts until it is released, and says when it begins and ends. */
function work(name: string, log: string[]) {
	const { promise, resolve } = Promise.withResolvers<void>();
	const action = async () => {
		log.push(`${name} begins`);
		await promise;
		log.push(`${name} ends`);
		return name;
	};
	return { action, release: resolve };
}

describe("a lane", () => {
	it.each(["cpu", "gpu"] as const)("lets the actions of %s take turns, in the order they came", async (lane) => {
		const lanes = new Lanes();
		const log: string[] = [];
		const works = ["first", "second", "third"].map((name) => work(name, log));
		const turns = works.map(({ action }) => lanes.enter(lane, never, action));
		for (const { release } of works.toReversed()) release();
		expect(await Promise.all(turns)).toEqual(["first", "second", "third"]);
		expect(log).toEqual(["first", "second", "third"].flatMap((name) => [`${name} begins`, `${name} ends`]));
	});

	it("does not wait for another lane, and the network for none", async () => {
		const lanes = new Lanes();
		const log: string[] = [];
		const slow = work("cpu", log);
		const quick = ["gpu", "network", "network again"].map((name) => work(name, log));
		const slowTurn = lanes.enter("cpu", never, slow.action);
		const turns = quick.map(({ action }, index) => lanes.enter(index === 0 ? "gpu" : "network", never, action));
		for (const { release } of quick) release();
		expect(await Promise.all(turns)).toEqual(["gpu", "network", "network again"]);
		expect(log).not.toContain("cpu ends");
		slow.release();
		await slowTurn;
	});

	it("lets the next action in after one that failed", async () => {
		const lanes = new Lanes();
		const failing = lanes.enter("cpu", never, () => Promise.reject(new Error("The model broke.")));
		const next = lanes.enter("cpu", never, async () => "drawn");
		await expect(failing).rejects.toThrow("The model broke.");
		expect(await next).toBe("drawn");
	});

	it.each(["cpu", "network"] as const)("of %s begins nothing that was given up before its turn", async (lane) => {
		const lanes = new Lanes();
		const log: string[] = [];
		const before = work("before", log);
		const controller = new AbortController();
		const first = lanes.enter("cpu", never, before.action);
		controller.abort();
		const givenUp = lanes.enter(lane, controller.signal, work("given up", log).action);
		before.release();
		await first;
		await expect(givenUp).rejects.toMatchObject({ code: "ABORTED" });
		expect(log).toEqual(["before begins", "before ends"]);
	});
});
