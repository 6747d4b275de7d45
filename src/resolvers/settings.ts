/**
 * From GraphQL's optional arguments, where null and nothing mean the same, to the engine's.
 *
 * @module
 */

type Given<Input> = { [Key in keyof Input]?: Exclude<Input[Key], null | undefined> };

/** The fields that have a value, as a plain object. */
export function given<Input extends object>(input: Input | null | undefined): Given<Input> {
	const entries = Object.entries(input ?? {}).filter(([, value]) => value !== null && value !== undefined);
	return Object.fromEntries(entries) as Given<Input>;
}
