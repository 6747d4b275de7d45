/**
 * The prompt as one server reads it: words that it would take for instructions are made harmless.
 *
 * @module
 */
import type { DecodeRequest, DecodeWarning } from "dediffusion/plugin";
import type { Options } from "./options.ts";

export interface Prompt {
	/** What is sent. */
	readonly sent: string;
	/** What of it the model gets to see as text. */
	readonly effective: string;
	readonly warnings: readonly DecodeWarning[];
}

const instructions = /<\/?sd_cpp_extra_args>/gi;

/** @param fields Settings that are to stand inside of the prompt. */
export function promptFor(request: DecodeRequest, options: Options, fields: object): Prompt {
	const { fieldsIn, negativePromptSeparator: separator } = options;
	const tamed = (text: string) => {
		const withoutTags = fieldsIn === "prompt" ? text.replace(instructions, " ") : text;
		return separator === undefined ? withoutTags : withoutTags.replaceAll(separator, ",");
	};
	const effective = tamed(request.prompt);
	const negative =
		separator === undefined || !request.negativePrompt ? "" : `${separator}${tamed(request.negativePrompt)}`;
	const hasFields = fieldsIn === "prompt" && Object.keys(fields).length > 0;
	const tail = hasFields ? ` <sd_cpp_extra_args>${JSON.stringify(fields)}</sd_cpp_extra_args>` : "";
	const changed: DecodeWarning = {
		type: "adjusted",
		setting: "prompt",
		message: "Characters that the backend would read as instructions were replaced.",
	};
	return {
		sent: `${effective}${negative}${tail}`,
		effective,
		warnings: effective === request.prompt ? [] : [changed],
	};
}
