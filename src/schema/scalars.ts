/**
 * Scalars of our own; the others come from graphql-scalars.
 *
 * @module
 */
import { GraphQLError, GraphQLScalarType, Kind } from "graphql";

const alphabet = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Reads base64 or base64url, with or without padding and line breaks, strictly: Buffer alone would skip what it does not know. */
function parseBase64(value: unknown): Uint8Array {
	if (typeof value !== "string") {
		throw new GraphQLError("Base64 must be a string.");
	}
	const compact = value.replace(/\s+/g, "");
	const digits = compact.replace(/=+$/, "").length;
	const isPadded = digits < compact.length;
	if (compact.startsWith("data:")) {
		throw new GraphQLError("Base64 must not start with data:; send only what follows the comma.");
	}
	if (!alphabet.test(compact) || digits % 4 === 1 || (isPadded && compact.length % 4 !== 0)) {
		throw new GraphQLError("Base64 holds a character or a length that it cannot have.");
	}
	return Buffer.from(compact, "base64");
}

/** Bytes as text. */
export const Base64 = new GraphQLScalarType<Uint8Array, string>({
	name: "Base64",
	description: "Bytes as base64 (RFC 4648, standard or URL-safe alphabet).",
	specifiedByURL: "https://www.rfc-editor.org/rfc/rfc4648",
	parseValue: parseBase64,
	parseLiteral(node) {
		return parseBase64(node.kind === Kind.STRING ? node.value : undefined);
	},
	serialize(value) {
		if (!(value instanceof Uint8Array)) {
			throw new GraphQLError("Base64 can only show bytes.");
		}
		return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
	},
});
