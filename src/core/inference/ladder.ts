/**
 * The device ladder: the best execution provider that works, and why each better one did not.
 *
 * @module
 */
import type { DeviceReport, ExecutionProvider } from "../../plugins/index.ts";

/** Best first. */
export const defaultProviders: readonly ExecutionProvider[] = ["cuda", "webgpu", "cpu"];

/**
 * Tries providers one after another.
 *
 * @param available What this build of the runtime was compiled with; others are passed over without a try.
 * @throws Error with all reasons if none works.
 */
export async function climbDown<Result>(
	providers: readonly ExecutionProvider[],
	available: readonly string[],
	attempt: (provider: ExecutionProvider) => Promise<Result>,
): Promise<{ result: Result; device: DeviceReport }> {
	const skipped: { provider: ExecutionProvider; reason: string }[] = [];
	for (const provider of providers) {
		if (!available.includes(provider)) {
			skipped.push({ provider, reason: "This installation of onnxruntime comes without it." });
			continue;
		}
		try {
			return { result: await attempt(provider), device: { provider, skipped } };
		} catch (error) {
			skipped.push({ provider, reason: firstLine(error) });
		}
	}
	throw new Error(skipped.map(({ provider, reason }) => `${provider}: ${reason}`).join(" "));
}

function firstLine(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	return message.split("\n", 1)[0] as string;
}
