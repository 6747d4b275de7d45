/**
 * Drawing in tests, and how alike two pictures are.
 *
 * @module
 */
import type { DecodeRequest, Decoder, PixelImage } from "dediffusion/plugin";

const never = new AbortController().signal;

/** Draws a batch that must come out as pixels. */
export async function draw(
	decoder: Decoder,
	requests: readonly DecodeRequest[],
	signal: AbortSignal = never,
): Promise<PixelImage[]> {
	const results = await decoder.generate(requests, { signal, onProgress: () => {} });
	return results.map((result) => {
		if (result.status !== "done" || result.image.kind !== "pixels") throw new Error("no pixels");
		return result.image;
	});
}

/** Peak signal-to-noise ratio in dB; infinite for equal pictures. */
export function psnr(a: PixelImage, b: PixelImage): number {
	if (a.width !== b.width || a.height !== b.height || a.data.length !== b.data.length) throw new Error("unlike sizes");
	const squares = a.data.reduce((sum, value, index) => sum + (value - (b.data[index] as number)) ** 2, 0);
	return 10 * Math.log10(255 ** 2 / (squares / a.data.length));
}
