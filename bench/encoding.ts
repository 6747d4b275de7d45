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
	const query = `query ($id: ID!) { encode(picture: { id: $id }) { ${fields} } }`;
	const warmUp = 2 * rounds;
	// Another picture each time: the server would know the same one again.
	const files = await variants(file, warmUp + rounds);
	const ids = await Promise.all(files.map((one) => client.upload(one)));
	const next = { served: 0, alone: 0 };
	const [served, alone] = await sideBySide(
		rounds,
		warmUp,
		() => client.ask(query, { id: ids[next.served++] }),
		() => bare([files[next.alone++] as Buffer]),
	);
	return {
		name: "encode over HTTP against decode, preprocess and run",
		measured: served / alone,
		budget: 1.25,
		digits: 2,
		unit: "x",
		details: `${served.toFixed(2)} ms against ${alone.toFixed(2)} ms; medians of ${rounds} rounds after ${warmUp}`,
	};
}

export async function measureMany(
	client: Client,
	bare: BareEncoder,
	file: Uint8Array,
	rounds: number,
): Promise<Finding> {
	const count = 32;
	const warmUp = Math.ceil(rounds / 10);
	const files = await variants(file, (warmUp + rounds) * count);
	const ids = await Promise.all(files.map((one) => client.upload(one)));
	const next = { served: 0, alone: 0 };
	const take = <Item>(items: readonly Item[], round: number) => items.slice(round * count, (round + 1) * count);
	const queryOf = (some: readonly string[]) =>
		`{ ${some.map((id, index) => `p${index}: encode(picture: { id: "${id}" }) { ${fields} }`).join(" ")} }`;
	const [served, alone] = await sideBySide(
		rounds,
		warmUp,
		() => client.ask(queryOf(take(ids, next.served++))),
		() => bare(take(files, next.alone++)),
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

/** The same picture in other colours, each time others. */
function variants(file: Uint8Array, count: number): Promise<Buffer[]> {
	return Promise.all(
		Array.from({ length: count }, (_, index) =>
			sharp(file)
				.modulate({ hue: index % 360, brightness: 1 - Math.floor(index / 360) / 20 })
				.png()
				.toBuffer(),
		),
	);
}
