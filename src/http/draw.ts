/**
 * What the foreign APIs have in common: one text, several pictures of it.
 *
 * @module
 */
import { z } from "zod";
import type { Decoding } from "../core/decoding/decoders.ts";
import type { DecodeSettings } from "../core/decoding/settings.ts";
import { randomSeed } from "../core/decoding/settings.ts";
import type { Engine } from "../core/engine.ts";
import { DeDiffusionError } from "../plugins/index.ts";

/**
 * Draws a text so many times, with seeds that follow each other.
 *
 * @throws DeDiffusionError As `Decoders.decode`; one failure fails all.
 */
export async function drawSeveral(
	engine: Engine,
	decoder: string,
	text: string,
	settings: DecodeSettings,
	{ count, signal }: { readonly count: number; readonly signal: AbortSignal },
): Promise<readonly Decoding[]> {
	// Once one has failed nobody waits for the others.
	const failed = new AbortController();
	const options = { signal: AbortSignal.any([signal, failed.signal]) };
	const takesSeeds = engine.decoders.get(decoder, "model").capabilities.settings.includes("seed");
	// A decoder without seeds would answer one that nobody gave with a warning.
	const first = settings.seed ?? (takesSeeds ? randomSeed() : undefined);
	const drawings = Array.from({ length: count }, (_, index) => {
		const seed = first === undefined ? {} : { seed: (first + index) % 2 ** 32 };
		return engine.decoders.decode(text, decoder, { ...settings, ...seed }, options);
	});
	try {
		return await Promise.all(drawings);
	} catch (error) {
		failed.abort();
		await Promise.allSettled(drawings);
		throw error;
	}
}

/** The body of a request. @throws DeDiffusionError `INPUT_INVALID`, naming the field at fault. */
export function bodyAs<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
	const checked = schema.safeParse(body ?? {});
	if (!checked.success) {
		const { path = [], message = "" } = checked.error.issues[0] ?? {};
		throw new DeDiffusionError("INPUT_INVALID", `${path.join(".") || "The body"}: ${message}`, {
			input: path.join(".") || "body",
		});
	}
	return checked.data;
}
