import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTestClock } from "../../../test/clock.ts";
import { Throttle } from "./throttle.ts";

const never = new AbortController().signal;

describe("a throttle", () => {
	it("lets no more run at once than allowed, in the order in which they came", async () => {
		await fc.assert(
			fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 }), async (concurrency, calls) => {
				const throttle = new Throttle({ concurrency }, createTestClock());
				let running = 0;
				let most = 0;
				const order: number[] = [];
				await Promise.all(
					Array.from({ length: calls }, (_, index) =>
						throttle.enter(never, async () => {
							order.push(index);
							most = Math.max(most, ++running);
							await new Promise(setImmediate);
							running--;
						}),
					),
				);
				expect(most).toBe(Math.min(concurrency, calls));
				expect(order).toEqual(order.toSorted((a, b) => a - b));
			}),
			{ numRuns: 20 },
		);
	});

	it("lets no more begin within any minute than allowed", async () => {
		const clock = createTestClock();
		const throttle = new Throttle({ concurrency: 1, callsPerMinute: 3 }, clock);
		const begun: number[] = [];
		await Promise.all(Array.from({ length: 8 }, () => throttle.enter(never, async () => void begun.push(clock.now()))));
		expect(begun).toEqual([0, 0, 0, 60_000, 60_000, 60_000, 120_000, 120_000]);
	});

	it("waits when the backend asked for it", async () => {
		const clock = createTestClock();
		const throttle = new Throttle({ concurrency: 1 }, clock);
		throttle.pause(5000);
		throttle.pause(1000);
		expect(await throttle.enter(never, async () => clock.now())).toBe(5000);
	});

	it("refuses at once where the backend wants nobody for longer than anybody would wait", async () => {
		const clock = createTestClock();
		const throttle = new Throttle({ concurrency: 1 }, clock);
		throttle.pause(3_600_000);
		await expect(throttle.enter(never, async () => "in")).rejects.toMatchObject({
			code: "BACKEND_RATE_LIMITED",
			message: "The backend wants no requests for another 3600 s.",
			retryAfterMs: 3_600_000,
		});
		await clock.sleep(3_540_000, never);
		expect(await throttle.enter(never, async () => clock.now())).toBe(3_600_000);
	});

	it("frees the place of one that fails, and of one that gave up", async () => {
		const throttle = new Throttle({ concurrency: 1 }, createTestClock());
		const gate = Promise.withResolvers<void>();
		const first = throttle.enter(never, () => gate.promise);
		const controller = new AbortController();
		const second = throttle.enter(controller.signal, async () => "second");
		await expect(throttle.enter(AbortSignal.abort(), async () => "late")).rejects.toMatchObject({ code: "ABORTED" });
		const third = throttle.enter(never, async () => "third");
		controller.abort();
		await expect(second).rejects.toMatchObject({ code: "ABORTED" });
		gate.reject(new Error("first"));
		await expect(first).rejects.toThrow("first");
		expect(await third).toBe("third");
		await expect(throttle.enter(AbortSignal.abort(), async () => "never")).rejects.toMatchObject({ code: "ABORTED" });
	});
});
