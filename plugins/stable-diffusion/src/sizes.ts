/**
 * Which sizes a U-Net's graph takes, as far as its file tells without being loaded.
 *
 * On its way down a U-Net halves its sample, rounding up, and on its way up it must come back to the sizes that it came from.
 * diffusers' `UNet2DConditionModel` doubles where all halvings came out even, and else resizes to the sizes themselves;
 * which of the two it does is decided once, when the graph is exported. A graph that doubles takes multiples of all
 * halvings alone, one that resizes takes every size.
 *
 * @module
 */
import { DeDiffusionError, type GraphStructure, readGraphStructure } from "dediffusion/plugin";

/** Sizes in latent cells. */
export interface GraphSizes {
	/** Whether sizes need not be multiples of all halvings. */
	readonly isAny: boolean;
	/** The only size that it takes, where it was exported so. */
	readonly fixed?: { readonly width: number; readonly height: number };
}

/** What is taken for granted of a graph that does not say. */
const unknown: GraphSizes = { isAny: false };

/** Reads the sizes of a U-Net; a file that is missing or damaged tells nothing, and fails when it is opened. */
export async function readGraphSizes(path: string): Promise<GraphSizes> {
	try {
		return sizesOf(await readGraphStructure(path, ["Resize"]));
	} catch (error) {
		if (DeDiffusionError.is(error)) return unknown;
		throw error;
	}
}

/** The sizes that a structure with its operators `Resize` tells of. */
export function sizesOf({ inputs, nodes }: GraphStructure): GraphSizes {
	const [, , height, width] = inputs.sample ?? [];
	return {
		// Inputs of a Resize: the sample, a region, factors, sizes; it has factors or sizes.
		isAny: nodes.length > 0 && nodes.every((node) => node.inputs[2] === "" && Boolean(node.inputs[3])),
		...(typeof height === "number" && typeof width === "number" && { fixed: { width, height } }),
	};
}
