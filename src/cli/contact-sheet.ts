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
		/** Files in the order of the columns; where there is no picture, why there is none, if there is something to say. */
		readonly pictures: readonly (Uint8Array | string | undefined)[];
		/** Under the pictures, in the order of the columns. Default: nothing. */
		readonly captions?: readonly (string | undefined)[];
	}[];
	/** Pixels for the names of the rows. Default 150. */
	readonly labelWidth?: number;
}

/** Pixels. */
const cell = 192;
const gap = 12;
const header = 28;
const defaultLabelWidth = 150;
const fontSize = 13;
const lineHeight = 18;
const characterWidth = 7.5;
/** Most lines beside a row. */
const rowLines = 8;

/** Draws the sheet as a PNG: pictures fitted into squares, missing ones left grey with the reason on them. */
export async function drawContactSheet({
	columns,
	rows,
	labelWidth: margin = defaultLabelWidth,
}: ContactSheet): Promise<Buffer> {
	const width = margin + columns.length * (cell + gap) + gap;
	const hasCaptions = rows.some(({ captions = [] }) => captions.some((caption) => caption !== undefined));
	const rowHeight = cell + gap + (hasCaptions ? lineHeight : 0);
	const height = header + rows.length * rowHeight + gap;
	const left = (column: number) => margin + gap + column * (cell + gap);
	const top = (row: number) => header + gap + row * rowHeight;

	const labels = [
		...columns.map((name, column) => label(wrap(name, cell, 1), left(column), header)),
		...rows.map((row, index) => {
			const lines = wrap(row.label, margin - gap, rowLines);
			return label(lines, gap, middleOf(lines, top(index)));
		}),
	];
	const reasons = rows.flatMap(({ pictures }, row) =>
		pictures.map((reason, column) => {
			const lines = typeof reason === "string" ? wrap(reason, cell - 2 * gap, rowLines) : [];
			return label(lines, left(column) + gap, middleOf(lines, top(row)));
		}),
	);
	const pictures = rows.flatMap((row, index) =>
		columns.map((_, column) => place(row.pictures[column], left(column), top(index))),
	);
	const captions = rows.flatMap((row, index) =>
		(row.captions ?? []).map((caption = "", column) =>
			label(wrap(caption, cell, 1), left(column), top(index) + cell + fontSize),
		),
	);
	const text = [...labels, ...reasons, ...captions].join("");
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${text}</svg>`;
	return sharp({ create: { width, height, channels: 3, background: "white" } })
		.composite([...(await Promise.all(pictures)), { input: Buffer.from(svg), left: 0, top: 0 }])
		.removeAlpha()
		.png()
		.toBuffer();
}

/** Where the first of some lines stands, so that they are in the middle of a row. */
function middleOf(lines: readonly string[], top: number): number {
	return top + (cell - (lines.length - 1) * lineHeight + fontSize) / 2;
}

async function place(picture: Uint8Array | string | undefined, left: number, top: number): Promise<OverlayOptions> {
	const blank = { width: cell, height: cell, channels: 3, background: "#dddddd" } as const;
	const square =
		picture instanceof Uint8Array
			? sharp(picture).resize(cell, cell, { fit: "contain", background: "white", kernel: "nearest" })
			: sharp({ create: blank });
	return { input: await square.png().toBuffer(), left, top };
}

/** A text in lines that fit into a width; what is left over after the last line is cut. */
function wrap(text: string, width: number, most: number): string[] {
	const longest = Math.floor(width / characterWidth);
	const lines: string[] = [];
	for (const word of text.split(/\s+/)) {
		const longer = `${lines.at(-1) ?? ""} ${word}`.trim();
		if (lines.length > 0 && longer.length <= longest) {
			lines.splice(-1, 1, longer);
		} else {
			lines.push(word);
		}
	}
	const shown = lines.slice(0, most).map((line) => (line.length > longest ? `${line.slice(0, longest - 1)}…` : line));
	if (lines.length > most) {
		shown.splice(-1, 1, `${shown.at(-1)?.slice(0, longest - 1)}…`);
	}
	return shown;
}

/** @param y Of the first line. */
function label(lines: readonly string[], x: number, y: number): string {
	const spans = lines.map((line, index) => {
		const escaped = line.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
		return `<tspan x="${x}" y="${y + index * lineHeight}">${escaped}</tspan>`;
	});
	return `<text font-family="sans-serif" font-size="${fontSize}" fill="#222222">${spans.join("")}</text>`;
}
