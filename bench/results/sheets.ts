/**
 * The page's contact sheets.
 *
 * @module
 */
import sharp from "sharp";
import type { PixelImage } from "../../src/plugins/index.ts";
import { drawContactSheet } from "./built.ts";
import type { Measured } from "./measure.ts";
import { readOutside } from "./outside.ts";
import { dediffusion } from "./prompts.ts";
import type { OutsideResult } from "./results.ts";

const scenesShown = 8;
const labelWidth = 300;

/** Originals and their texts; beside them what both decoders drew from De-Diffusion text, terse and complete captions. */
export async function transferSheet({ described, originals, draw, results }: Measured): Promise<Buffer> {
	const count = Math.min(scenesShown, described.length);
	const sources = [
		{ source: dediffusion(results.setting.tokens), name: "De-Diffusion" },
		{ source: "terse", name: "terse" },
		{ source: "complete", name: "complete" },
	] as const;
	const columns = [{ name: "original", pictures: await toPngs(originals.slice(0, count)) }];
	for (const { source, name } of sources) {
		for (const decoder of ["scenes-a", "scenes-b"] as const) {
			columns.push({ name: `${decoder}, ${name}`, pictures: await toPngs(await draw(decoder, source, count)) });
		}
	}
	return drawContactSheet({
		labelWidth,
		columns: columns.map(({ name }) => name),
		rows: described.slice(0, count).map(({ text }, row) => ({
			label: text.text,
			pictures: columns.map(({ pictures }) => pictures[row]),
		})),
	});
}

/** The pictures from outside of the encoder's world. */
export async function outsideSheet(outside: readonly OutsideResult[]): Promise<Buffer> {
	const pictures = await Promise.all(outside.map(({ file }) => readOutside(file)));
	return drawContactSheet({ labelWidth: 0, columns: outside.map(({ file }) => file), rows: [{ label: "", pictures }] });
}

async function toPngs(pictures: readonly PixelImage[]): Promise<Buffer[]> {
	return Promise.all(
		pictures.map(({ data, width, height }) =>
			sharp(data, { raw: { width, height, channels: 3 } })
				.png()
				.toBuffer(),
		),
	);
}
