/**
 * Kinds of warnings.
 *
 * @module
 */
import { registerEnumType } from "type-graphql";
import type * as sdk from "../plugins/index.ts";

export const WarningType = {
	UNSUPPORTED: "unsupported",
	ADJUSTED: "adjusted",
	TRUNCATED: "truncated",
	OTHER: "other",
} as const satisfies Record<string, sdk.DecodeWarning["type"]>;

registerEnumType(WarningType, {
	name: "WarningType",
	description: "In what way a model did not do what was asked.",
	valuesConfig: {
		UNSUPPORTED: { description: "It does not know the setting and ignored it." },
		ADJUSTED: { description: "It used another value." },
		TRUNCATED: { description: "It cut the text." },
		OTHER: { description: "Something else; read the message." },
	},
});
