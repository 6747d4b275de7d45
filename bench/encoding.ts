/**
 * What the server adds to the encoder: one picture over HTTP, and many at once.
 *
 * @module
 */
import sharp from "sharp";
import type { BareEncoder } from "./bare.ts";
import type { Client } from "./client.ts";
import { sideBySide } from "./measure.ts";
import type { Finding } from "./report.ts";

const fields = "text tokens { text score }";

export async function measureOne(
	client: Client,
	bare: BareEncoder,
	file: Uint8Array,
	rounds: number,
): Promise<Finding> {
	const query = `{ encode(picture: { id: "${await client.upload(file)}" }) { ${fields} } }`;
	const [served, alone] = await sideBySide(
		rounds,
		() => client.ask(query),
		() => bare([file]),
	);
	return {
		name: "encode over HTTP against decode, preprocess and run",
		measured: served / alone,
		budget: 1.25,
		digits: 2,
		unit: "x",
		details: `${served.toFixed(2)} ms against ${alone.toFixed(2)} ms; medians of ${rounds} rounds`,
	};
}

export async function measureMany(
	client: Client,
	bare: BareEncoder,
	file: Uint8Array,
	rounds: number,
): Promise<Finding> {
	const count = 32;
	const files = await Promise.all(Array.from({ length: count }, (_, index) => variant(file, index)));
	const ids = await Promise.all(files.map((one) => client.upload(one)));
	const query = `{ ${ids.map((id, index) => `p${index}: encode(picture: { id: "${id}" }) { ${fields} }`).join(" ")} }`;
	const [served, alone] = await sideBySide(
		rounds,
		() => client.ask(query),
		() => bare(files),
	);
	const rate = (milliseconds: number) => `${((count * 1000) / milliseconds).toFixed(0)} pictures/s`;
	return {
		name: `${count} encodes at once against one bare batch of ${count}`,
		measured: alone / served,
		budget: 0.85,
		atLeast: true,
		digits: 2,
		unit: "x",
		details: `${rate(served)} against ${rate(alone)}; medians of ${rounds} rounds`,
	};
}

/** The same picture in other colours. */
function variant(file: Uint8Array, index: number): Promise<Buffer> {
	return sharp(file)
		.modulate({ hue: index * 11 })
		.png()
		.toBuffer();
}
