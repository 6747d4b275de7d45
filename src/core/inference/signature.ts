/**
 * Whether a graph takes and gives what its folder's config.json promises.
 *
 * @module
 */
import { DeDiffusionError, type TensorSignature, type TensorType } from "../../plugins/index.ts";

/**
 * @param values Inputs or outputs of the graph.
 * @param ofOne The shape of one item of a batch; undefined where any size will do. A batch size comes before it.
 * @param model Path of the graph, for the error.
 * @throws DeDiffusionError `MODEL_INVALID`.
 */
export function requireTensor(
	values: readonly TensorSignature[],
	name: string,
	type: TensorType,
	ofOne: readonly (number | undefined)[],
	model: string,
): TensorSignature {
	const value = values.find((value) => value.name === name && value.type === type);
	// Sizes without a number are free.
	const fits =
		value?.dims.length === ofOne.length + 1 &&
		ofOne.every((size, axis) => {
			const declared = value.dims[axis + 1];
			return size === undefined || typeof declared !== "number" || declared === size;
		});
	if (value === undefined || !fits) {
		const shape = ofOne.map((size) => size ?? "any").join(", ");
		throw new DeDiffusionError(
			"MODEL_INVALID",
			`${model} has no ${name} of ${type} [batch, ${shape}], which its config.json asks for.`,
			{ input: model },
		);
	}
	return value;
}
