/**
 * Texts that ComfyUI takes for words.
 *
 * Its text encoders read weights from round brackets, which a backslash prevents, and replace `embedding:name` by the
 * file of that name, which nothing prevents but a space (comfy/sd1_clip.py). Choices such as `{a|b}` and comments are
 * of its page alone, and never reach what comes over the API.
 *
 * @module
 */

/** The text as the model sees it: CLIP knows no difference between `embedding:` and `embedding :`. */
export function withoutEmbeddings(text: string): string {
	return text.replace(/\bembedding:/g, "embedding :");
}

/** The same as it is sent. */
export function escaped(text: string): string {
	return withoutEmbeddings(text).replace(/[()]/g, "\\$&");
}
