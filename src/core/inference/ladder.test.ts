import { describe, expect, it } from "vitest";
import type { ExecutionProvider } from "../../plugins/index.ts";
import { climbDown, defaultProviders } from "./ladder.ts";

describe("the device ladder", () => {
	it("takes the best provider that works", async () => {
		const attempt = async (provider: ExecutionProvider) => `a session on ${provider}`;
		expect(await climbDown(defaultProviders, ["cpu", "cuda", "webgpu"], attempt)).toEqual({
			result: "a session on cuda",
			device: { provider: "cuda", skipped: [] },
		});
	});

	it("says of each better one why it was passed over", async () => {
		const tried: ExecutionProvider[] = [];
		const { device } = await climbDown(defaultProviders, ["cpu", "webgpu"], async (provider) => {
			tried.push(provider);
			if (provider === "webgpu") throw new Error("No adapter was found.\n  at the driver's line 5");
		});
		expect(device).toEqual({
			provider: "cpu",
			skipped: [
				{ provider: "cuda", reason: "This installation of onnxruntime comes without it." },
				{ provider: "webgpu", reason: "No adapter was found." },
			],
		});
		expect(tried).toEqual(["webgpu", "cpu"]);
	});

	it("keeps to the order that it is given", async () => {
		const { device } = await climbDown(["cpu", "cuda"], ["cpu", "cuda"], async () => {});
		expect(device).toEqual({ provider: "cpu", skipped: [] });
	});

	it("fails with all reasons when no provider works", async () => {
		const climb = climbDown(["cuda", "webgpu", "cpu"], ["webgpu", "cpu"], async (provider) => {
			throw provider === "cpu" ? "a word thrown by the runtime" : new Error("No adapter.");
		});
		await expect(climb).rejects.toThrow(
			"cuda: This installation of onnxruntime comes without it. webgpu: No adapter. cpu: a word thrown by the runtime",
		);
	});
});
