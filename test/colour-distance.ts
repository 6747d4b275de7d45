/**
 * A metric for tests, made with the SDK as anybody's is: how far the mean colours of two pictures are apart.
 *
 * @module
 */
import type { Metric, MetricPair, PixelImage } from "../src/plugins/index.ts";

export function colourDistance(id: string, changes: Partial<Metric> = {}): Metric {
	return {
		id,
		name: "Colour",
		unit: "levels",
		higherIsBetter: false,
		lane: "network",
		capabilities: { maxBatch: 8 },
		measure: (pairs) => Promise.all(pairs.map(distanceOf)),
		...changes,
	};
}

/** Of the three channels' means, from 0 to 255. */
export async function distanceOf({ original, picture }: MetricPair): Promise<number> {
	const [one, other] = await Promise.all([original.pixels(), picture.pixels()]);
	const [a, b] = [meanOf(one), meanOf(other)];
	return a.reduce((sum, mean, channel) => sum + Math.abs(mean - (b[channel] as number)) / 3, 0);
}

function meanOf({ data }: PixelImage): number[] {
	const sums = [0, 0, 0];
	for (const [index, level] of data.entries()) {
		sums[index % 3] = (sums[index % 3] as number) + level;
	}
	return sums.map((sum) => sum / (data.length / 3));
}
