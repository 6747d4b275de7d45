import { describe, expect, it } from "vitest";
import { createTestClock } from "../../../test/clock.ts";
import { DeDiffusionError } from "../../plugins/index.ts";
import { withRetries } from "./retry.ts";

const never = new AbortController().signal;
const passing = (options = {}) => new DeDiffusionError("BACKEND_UNAVAILABLE", "Down.", options);

/** Fails with each error in turn, and then succeeds. */
function failing(...errors: readonly unknown[]) {
	let attempts = 0;
	return async () => {
		const error = errors[attempts++];
		if (error !== undefined) throw error;
		return `attempt ${attempts}`;
	};
}

describe("trying again", () => {
	it("doubles the wait each time, half of it left to chance, up to a minute", async () => {
		const [longest, shortest] = [createTestClock(1), createTestClock(0)];
		for (const clock of [longest, shortest]) {
			const errors = Array.from({ length: 9 }, () => passing());
			expect(await withRetries(failing(...errors), { retries: 9, signal: never, clock })).toBe("attempt 10");
		}
		expect(longest.slept).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
		expect(shortest.slept).toEqual(longest.slept.map((ms) => ms / 2));
	});

	it("waits at least as long as it was asked to, but not longer than a minute", async () => {
		const clock = createTestClock();
		const errors = [passing({ retryAfterMs: 3000 }), passing({ retryAfterMs: 1 }), passing({ retryAfterMs: 60_001 })];
		await expect(withRetries(failing(...errors), { retries: 9, signal: never, clock })).rejects.toBe(errors[2]);
		expect(clock.slept).toEqual([3000, 1000]);
	});

	it.each([
		["for good", new DeDiffusionError("BACKEND_AUTH", "No.")],
		["because it was given up", new DeDiffusionError("ABORTED", "Enough.")],
		["by a defect", new TypeError("x is not a function")],
		["though it could pass, where the plugin says that it will not", passing({ retryable: false })],
	])("is of no use for what failed %s", async (_, error) => {
		const clock = createTestClock();
		await expect(withRetries(failing(error), { retries: 3, signal: never, clock })).rejects.toBe(error);
		expect(clock.slept).toEqual([]);
	});

	it("ends with the last error, after as many attempts as allowed", async () => {
		const errors = [passing(), passing(), passing()];
		const options = { retries: 2, signal: never, clock: createTestClock() };
		await expect(withRetries(failing(...errors), options)).rejects.toBe(errors[2]);
	});

	it("ends when nobody waits any more", async () => {
		const controller = new AbortController();
		const clock = createTestClock();
		const options = { retries: 3, signal: controller.signal, clock, onRetry: () => controller.abort() };
		await expect(withRetries(failing(passing()), options)).rejects.toMatchObject({ code: "ABORTED" });
	});
});
