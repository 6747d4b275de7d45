/**
 * How a model is used, in words that can be pasted.
 *
 * @module
 */
import { basename } from "node:path";

/**
 * A pipeline folder as an entry of the configuration.
 *
 * @param name A path or a name; the id is made of its last part.
 * @param drawing What is to be used where a request is silent, if not what the plugin takes for such a pipeline.
 */
export function configurationLine(
	name: string,
	folder: string,
	drawing: Readonly<Record<string, number>> = {},
): string {
	const id = basename(name)
		.toLowerCase()
		.replace(/[^a-z0-9._-]+/g, "-")
		.replace(/^[^a-z0-9]+/, "");
	const settings = Object.entries({ id: id || "model", folder, ...drawing });
	const model = settings.map(([setting, value]) => `${setting}: ${JSON.stringify(value)}`).join(", ");
	return `stableDiffusion({ models: [{ ${model} }] })`;
}
