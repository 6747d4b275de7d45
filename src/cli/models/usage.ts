/**
 * How a model is used, in words that can be pasted.
 *
 * @module
 */
import { basename } from "node:path";

/** A pipeline folder as an entry of the configuration. @param name A path or a name; the id is made of its last part. */
export function configurationLine(name: string, folder: string): string {
	const id = basename(name)
		.toLowerCase()
		.replace(/[^a-z0-9._-]+/g, "-")
		.replace(/^[^a-z0-9]+/, "");
	return `stableDiffusion({ models: [{ id: ${JSON.stringify(id || "model")}, folder: ${JSON.stringify(folder)} }] })`;
}
