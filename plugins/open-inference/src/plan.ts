/**
 * The configuration held against what the server says of the model.
 *
 * @module
 */
import { DeDiffusionError } from "dediffusion/plugin";
import type { Options, Setting } from "./options.ts";
import { type Datatype, fits, isDatatype, type Value } from "./tensors.ts";
import type { ModelMetadata, TensorMetadata } from "./wire.ts";

/** What an input may hold of a request: a setting of a decoder, or the picture of an encoder. */
export type Held = Setting | "picture";

/** What must be known of the options. */
type PlanOptions<Name extends Held> = Pick<
	Options,
	"constants" | "optionalInputs" | "output" | "tensors" | "maxBatch"
> & { readonly inputs: { readonly [Each in Name]?: string | undefined } };

/** An input and what it holds of each request. */
export interface PlannedInput<Name extends Held = Setting> {
	readonly name: string;
	readonly datatype: Datatype;
	/** -1 where a size is free. */
	readonly shape: readonly number[];
	readonly holds: { readonly setting: Name } | { readonly constant: Value };
}

/** How the model is asked. */
export interface Plan<Name extends Held = Setting> {
	readonly inputs: readonly PlannedInput<Name>[];
	readonly isBinary: boolean;
}

/** The types that hold every value that a setting may have. */
const wholeNumbers: readonly Datatype[] = ["INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "FP32", "FP64"];
const takenBy: Readonly<Record<Held, readonly Datatype[]>> = {
	picture: ["BYTES"],
	prompt: ["BYTES"],
	negativePrompt: ["BYTES"],
	scheduler: ["BYTES"],
	seed: ["INT32", "UINT32", "INT64", "UINT64", "FP64"],
	steps: wholeNumbers,
	width: wholeNumbers,
	height: wholeNumbers,
	guidanceScale: ["FP16", "FP32", "FP64"],
};

/**
 * @param canBinary Whether the server says that it knows tensors in binary.
 * @throws DeDiffusionError `BACKEND_INVALID_REQUEST` naming the option that does not fit the model.
 */
export function planFor<Name extends Held>(
	options: PlanOptions<Name>,
	model: ModelMetadata,
	canBinary: boolean,
): Plan<Name> {
	const settings = Object.entries(options.inputs)
		.filter((entry): entry is [Name, string] => entry[1] !== undefined)
		.map(([setting, name]) => planned<Name>(`inputs.${setting}`, name, { setting }, options, model));
	const constants = Object.entries(options.constants).map(([name, constant]) =>
		planned<Name>(`constants.${name}`, name, { constant }, options, model),
	);
	const inputs = [...settings, ...constants];
	const known = [...inputs.map(({ name }) => name), ...options.optionalInputs];
	const missing = model.inputs.find(({ name }) => !known.includes(name));
	if (missing !== undefined) {
		throw misfit("inputs", `nothing is configured for the model's input ${missing.name} (${missing.datatype})`, {
			advice: "Name it under inputs or constants, or under optionalInputs if the model does without.",
		});
	}
	const output = named(options.output, model.outputs, "output");
	if (!isDatatype(output.datatype)) {
		throw misfit("output", `the model's output ${output.name} is of ${output.datatype}`);
	}
	const isBinary = (options.tensors ?? (canBinary ? "binary" : "json")) === "binary";
	const half = [...inputs, output].find(({ datatype }) => datatype === "FP16");
	if (half !== undefined && !isBinary) {
		throw misfit("tensors", `${half.name} is of FP16, which JSON does not have`, {
			advice: 'Set tensors to "binary" if the server knows the binary tensor extension.',
		});
	}
	return { inputs, isBinary };
}

function planned<Name extends Held>(
	option: string,
	name: string,
	holds: PlannedInput<Name>["holds"],
	{ maxBatch }: Pick<Options, "maxBatch">,
	{ inputs }: ModelMetadata,
): PlannedInput<Name> {
	const { datatype, shape } = named(name, inputs, option);
	const isTaken =
		isDatatype(datatype) &&
		("setting" in holds ? takenBy[holds.setting].includes(datatype) : fits(datatype, holds.constant));
	if (!isTaken) {
		throw misfit(option, `the model's input ${name} is of ${datatype}`);
	}
	if (shapeOf(shape, 1).some((size) => size !== 1)) {
		throw misfit(option, `the model's input ${name} takes more than one value, its shape is [${shape.join(", ")}]`);
	}
	if (maxBatch > 1 && shape[0] !== -1) {
		throw misfit(
			"maxBatch",
			`the model's input ${name} takes one picture at a time, its shape is [${shape.join(", ")}]`,
		);
	}
	return { name, datatype, shape, holds };
}

/** The shape of an input for so many pictures: a first size that is free is theirs, others that are free are 1. */
export function shapeOf(shape: readonly number[], pictures: number): number[] {
	return shape.map((size, index) => (size === -1 ? (index === 0 ? pictures : 1) : size));
}

function named(name: string, tensors: readonly TensorMetadata[], option: string): TensorMetadata {
	const found = tensors.find((tensor) => tensor.name === name);
	if (found === undefined) {
		if (tensors.length === 0) {
			throw misfit(option, `the server tells of no tensors, so not of ${name}`, {
				advice: "Declare the model's inputs and outputs in the server's own configuration.",
			});
		}
		const names = tensors.map((tensor) => tensor.name).join(", ");
		throw misfit(option, `the model has no tensor ${name} there, it has ${names}`);
	}
	return found;
}

function misfit(option: string, reason: string, { advice = `Correct ${option} of the plugin's options.` } = {}) {
	return new DeDiffusionError("BACKEND_INVALID_REQUEST", `The options do not fit the model: ${option}: ${reason}.`, {
		input: option,
		advice,
	});
}
