/**
 * Numbers into the element types and ranks that a graph declares, and back: exports differ in both.
 *
 * @module
 */
import { DeDiffusionError, type InferenceSession, type Tensor, type TensorSignature } from "dediffusion/plugin";
import { floatToHalf, halfToFloat } from "./half.ts";

/** A graph's input by name. @throws DeDiffusionError `MODEL_INVALID` if it has none of that name. */
export function inputNamed(session: InferenceSession, name: string, path: string): TensorSignature {
	const input = session.inputs.find((signature) => signature.name === name);
	if (input) return input;
	const names = session.inputs.map((signature) => signature.name).join(", ");
	throw new DeDiffusionError("MODEL_INVALID", `The graph ${path} has no input ${name}; it has ${names}`, {
		input: path,
	});
}

/** A run's output as float32. @throws DeDiffusionError `MODEL_INVALID` if it is missing or holds no floats. */
export function floatsOf(
	outputs: Readonly<Record<string, Tensor>>,
	name: string,
	path: string,
): { data: Float32Array; dims: readonly number[] } {
	const tensor = outputs[name];
	if (tensor?.type === "float32") return { data: tensor.data, dims: tensor.dims };
	if (tensor?.type === "float16") return { data: Float32Array.from(tensor.data, halfToFloat), dims: tensor.dims };
	const found = tensor ? `is of type ${tensor.type}` : `is missing; there are ${Object.keys(outputs).join(", ")}`;
	throw new DeDiffusionError("MODEL_INVALID", `The output ${name} of the graph ${path} ${found}`, { input: path });
}

/** Numbers as a tensor of the type that the input declares; fractions are rounded for integer inputs. */
export function tensorFor(signature: TensorSignature, values: ArrayLike<number>, dims: readonly number[]): Tensor {
	switch (signature.type) {
		case "float32":
			return { type: "float32", dims, data: values instanceof Float32Array ? values : Float32Array.from(values) };
		case "float16":
			return { type: "float16", dims, data: Uint16Array.from(values, floatToHalf) };
		case "int64":
			return {
				type: "int64",
				dims,
				data: BigInt64Array.from(Array.from(values), (value) => BigInt(Math.round(value))),
			};
		case "int32":
			return { type: "int32", dims, data: Int32Array.from(values, Math.round) };
		default:
			throw new DeDiffusionError(
				"MODEL_INVALID",
				`The input ${signature.name} has the unexpected type ${signature.type}`,
			);
	}
}

/** A timestep as a scalar, as one number or as one for each sample of the batch, whichever the graph declares. */
export function timestepFor(signature: TensorSignature, timestep: number, batch: number): Tensor {
	if (signature.dims.length === 0) return tensorFor(signature, [timestep], []);
	const length = signature.dims[0] === 1 ? 1 : batch;
	return tensorFor(signature, new Array<number>(length).fill(timestep), [length]);
}
