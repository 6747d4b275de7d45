/**
 * The first look: on an empty data folder, one comparison from the example picture.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { exampleCaption, examplePicture } from "./bundled.ts";
import type { Engine } from "./core/engine.ts";

/** Begins the example unless there are comparisons already. The bundled decoder draws it in seconds. */
export async function showExample(engine: Engine): Promise<void> {
	if ((await engine.comparisons.count()) > 0) {
		return;
	}
	const picture = { data: await readFile(examplePicture) };
	await engine.comparisons.transfer({
		sources: [
			{ label: "De-Diffusion text of the example picture", picture },
			{ label: "a caption of the example picture", text: exampleCaption, original: picture },
		],
		decoders: engine.decoders.list().map(({ id }) => id),
		seeds: [1, 2],
	});
}
