/**
 * From GraphQL's optional arguments, where null and nothing mean the same, to the engine's.
 *
 * @module
 */

import type { DecodeSettings as EngineSettings } from "../core/decoding/settings.ts";
import type { DecodeSettings } from "../schema/settings.ts";
import type { Context } from "./context.ts";

type Given<Input> = { [Key in keyof Input]?: Exclude<Input[Key], null | undefined> };

/** The fields that have a value, as a plain object. */
export function given<Input extends object>(input: Input | null | undefined): Given<Input> {
	const entries = Object.entries(input ?? {}).filter(([, value]) => value !== null && value !== undefined);
	return Object.fromEntries(entries) as Given<Input>;
}

/**
 * Settings with the picture to start from, wherever it has to be fetched from.
 *
 * @param input What the caller named the settings, for errors. Default `settings`.
 */
export async function settingsFrom(
	{ engine, signal }: Context,
	settings: DecodeSettings | null | undefined,
	input = "settings",
): Promise<EngineSettings> {
	const { initialImage, ...plain } = given(settings);
	if (initialImage === undefined) {
		return plain;
	}
	const picture = await engine.pictures.resolve(initialImage.picture, {
		input: `${input}.initialImage.picture`,
		signal,
	});
	return { ...plain, initialImage: { picture, strength: initialImage.strength ?? undefined } };
}
