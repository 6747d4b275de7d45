/**
 * Texts that the web UI takes for words and nothing else.
 *
 * It reads weights from brackets, `[a|b]` and `[a:b:0.5]` as changes from step to step, `AND` as several prompts with
 * a weight behind the last colon of each, `BREAK` as the end of a chunk, and removes `<lora:…>`. A backslash takes the
 * meaning from a bracket or another backslash, and vanishes before anything else: so it also keeps words apart from
 * their meaning, and the model gets to see the text as it was. (modules/prompt_parser.py, modules/extra_networks.py.)
 *
 * @module
 */

export function escaped(text: string): string {
	return text
		.replace(/[\\()[\]]/g, "\\$&")
		.replace(/<(?=[\p{L}\p{N}_])/gu, "<\\")
		.replace(/\bA(?=ND\b)/g, "A\\")
		.replace(/\bB(?=REAK\b)/g, "B\\")
		.replace(/:(?=\s*[-+]?(\d+\.?|\d*\.\d+)\s*$)/, ":\\");
}

/** Whether the web UI would hide a part of the text, which no backslash prevents. */
export function hasComments(text: string): boolean {
	return text.includes("#");
}
