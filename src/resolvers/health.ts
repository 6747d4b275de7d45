/**
 * Whether models could do their work now.
 *
 * @module
 */
import { DeDiffusionError } from "../plugins/index.ts";
import type { Health } from "../schema/calling.ts";

/** @param ask Resolves when the model could. @throws What it throws, if that does not say what is missing. */
export async function healthOf(ask: () => Promise<void>): Promise<Health> {
	try {
		await ask();
		return { ready: true };
	} catch (error) {
		if (!DeDiffusionError.is(error) || error.code === "ABORTED") throw error;
		const { code, message, advice } = error;
		return { ready: false, code, message, ...(advice !== undefined && { advice }) };
	}
}
