/**
 * A folder of scenes as training's draw-scenes writes it, of pictures that the tiny reader can tell apart.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Colour, plain } from "./pictures.ts";

const imageSize = 32;
/** Where the bright square lies that stands for a thing. */
const places = { cat: "left", dog: "right" } as const;
const colours: Readonly<Record<string, Colour>> = { red: [255, 0, 0], green: [0, 255, 0], blue: [0, 0, 255] };

/** Writes a dozen scenes: two things on three colours, each twice in other heights. */
export async function writeScenes(folder: string): Promise<void> {
	const scenes: object[] = [];
	for (const top of [4, 12]) {
		for (const [word, place] of Object.entries(places)) {
			for (const [background, colour] of Object.entries(colours)) {
				const file = `${String(scenes.length).padStart(5, "0")}.png`;
				const square = await plain([255, 255, 255], 16).png().toBuffer();
				const left = place === "left" ? 0 : imageSize / 2;
				const picture = plain(colour, imageSize).composite([{ input: square, left, top }]);
				await writeFile(join(folder, file), await picture.png().toBuffer());
				scenes.push({
					file,
					things: [{ word, size: "large", place }],
					background: [background],
					backgroundKind: "plain",
					style: "flat",
					terse: `a ${word}`,
					complete: `${background} ${word} ${place}`,
				});
			}
		}
	}
	const words = { things: Object.keys(places), colours: Object.keys(colours) };
	await writeFile(
		join(folder, "scenes.json"),
		JSON.stringify({ formatVersion: 1, seed: 0, imageSize, ...words, scenes }),
	);
}
