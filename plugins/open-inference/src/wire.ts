/**
 * What the server answers: only what is used of it.
 *
 * @module
 */
import { z } from "zod";

export const serverAnswer = z.object({ extensions: z.array(z.string()).default([]) });

/** Triton answers with no body at all. */
export const readyAnswer = z.object({ ready: z.boolean().default(true) });

const tensorMetadata = z.object({
	name: z.string(),
	datatype: z.string(),
	/** -1 where a size is free. */
	shape: z.array(z.int()),
});

export type TensorMetadata = z.output<typeof tensorMetadata>;

/** Missing where a server lets models go undeclared, as MLServer does. */
const tensors = z
	.array(tensorMetadata)
	.nullish()
	.transform((given) => given ?? []);

export const modelAnswer = z.object({ inputs: tensors, outputs: tensors });

export type ModelMetadata = z.output<typeof modelAnswer>;

const outputTensor = z.object({
	name: z.string(),
	datatype: z.string(),
	shape: z.array(z.int().nonnegative()),
	parameters: z.object({ binary_data_size: z.int().nonnegative().optional() }).optional(),
	/** Flat, or nested as the shape is. */
	data: z.array(z.unknown()).optional(),
});

export type OutputTensor = z.output<typeof outputTensor>;

export const inferAnswer = z.object({ outputs: z.array(outputTensor) });
