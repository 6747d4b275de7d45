/**
 * Inputs for the tiny encoder's graph.
 *
 * @module
 */
import type { Tensor } from "../src/plugins/index.ts";

/** Pictures of one value each, shape [values, 3, 16, 16]. */
export function pixelValues(...values: readonly number[]): { pixel_values: Tensor } {
	const picture = 3 * 16 * 16;
	const data = Float32Array.from(
		{ length: values.length * picture },
		(_, index) => values[Math.floor(index / picture)] as number,
	);
	return { pixel_values: { type: "float32", dims: [values.length, 3, 16, 16], data } };
}

/** So many pictures that a run of them takes the runtime a while. */
export function manyPictures(): { pixel_values: Tensor } {
	return pixelValues(...Array.from({ length: 4000 }, (_, index) => (index % 200) / 100 - 1));
}

/** Kills the worker of fixtures/crashing-worker.ts. */
export const crash: { crash: Tensor } = { crash: { type: "uint8", dims: [0], data: new Uint8Array() } };
