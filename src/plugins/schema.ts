/**
 * Values checked by any library that speaks Standard Schema.
 *
 * @module
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";

export type Checked<Value> =
	| { readonly success: true; readonly value: Value }
	/** One line for a person; names each place at fault. */
	| { readonly success: false; readonly reason: string };

/** Checks a value at once. Schemas that check asynchronously are refused: a configuration is read in one go. */
export function checkedBy<Schema extends StandardSchemaV1>(
	schema: Schema,
	value: unknown,
): Checked<StandardSchemaV1.InferOutput<Schema>> {
	const result = schema["~standard"].validate(value);
	if (result instanceof Promise) {
		return { success: false, reason: "the schema checks asynchronously, which is not supported" };
	}
	if (result.issues === undefined) {
		return { success: true, value: result.value };
	}
	return { success: false, reason: result.issues.map(describe).join("; ") };
}

function describe({ path = [], message }: StandardSchemaV1.Issue): string {
	const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
	// arktype's messages begin with the place already.
	return place === "" || message.startsWith(place) ? message : `${place}: ${message}`;
}
