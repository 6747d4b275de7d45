/**
 * A contact sheet: many pictures on one, with a name over each column and row.
 *
 * @module
 */
import sharp, { type OverlayOptions } from "sharp";

export interface ContactSheet {
	/** Names of the columns, left to right. */
	readonly columns: readonly string[];
	readonly rows: readonly {
		readonly label: string;
		/** Files in the order of the columns; undefined where there is no picture. */
		readonly pictures: readonly (Uint8Array | undefined)[];
	}[];
}

/** Pixels. */
const cell = 192;
const gap = 12;
const header = 28;
const margin = 150;

/** Draws the sheet as a PNG: pictures fitted into squares, missing ones left grey. */
export async function drawContactSheet({ columns, rows }: ContactSheet): Promise<Buffer> {
	const width = margin + columns.length * (cell + gap) + gap;
	const height = header + rows.length * (cell + gap) + gap;
	const left = (column: number) => margin + gap + column * (cell + gap);
	const top = (row: number) => header + gap + row * (cell + gap);

	const labels = [
		...columns.map((name, column) => label(name, left(column), header, cell)),
		...rows.map((row, index) => label(row.label, gap, top(index) + cell / 2, margin - gap)),
	];
	const pictures = rows.flatMap((row, index) =>
		columns.map((_, column) => place(row.pictures[column], left(column), top(index))),
	);
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${labels.join("")}</svg>`;
	return sharp({ create: { width, height, channels: 3, background: "white" } })
		.composite([{ input: Buffer.from(svg), left: 0, top: 0 }, ...(await Promise.all(pictures))])
		.removeAlpha()
		.png()
		.toBuffer();
}

async function place(picture: Uint8Array | undefined, left: number, top: number): Promise<OverlayOptions> {
	const blank = { width: cell, height: cell, channels: 3, background: "#dddddd" } as const;
	const square =
		picture === undefined
			? sharp({ create: blank })
			: sharp(picture).resize(cell, cell, { fit: "contain", background: "white", kernel: "nearest" });
	return { input: await square.png().toBuffer(), left, top };
}

function label(text: string, x: number, y: number, width: number): string {
	const longest = Math.floor(width / 7.5);
	const shown = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
	const escaped = shown.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
	return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="13" fill="#222222">${escaped}</text>`;
}
