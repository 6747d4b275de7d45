/**
 * Graphs that ask for more memory than any machine has once their batch is too large: what a real shortage looks like.
 *
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";

/** Numbers of the fields and of the types that are written (onnx.proto). */
const inModel = { graph: 7 } as const;
const inGraph = { node: 1, initializer: 5, output: 12 } as const;
const inNode = { input: 1, output: 2, operator: 4, attribute: 5 } as const;
const inAttribute = { name: 1, integer: 3, type: 20 } as const;
const inTensor = { dims: 1, dataType: 2, int64: 7, name: 8 } as const;
const inValue = { name: 1, type: 2 } as const;
const inType = { tensor: 1 } as const;
const inTensorType = { element: 1, shape: 2 } as const;
const float32 = 1;
const int64 = 7;
const integerAttribute = 2;

/** How many numbers are filled: `least` for a batch of 1, and with the power `exponent` of the batch more for larger ones. */
export interface Hunger {
	readonly exponent: number;
	readonly least: number;
}

/**
 * Adds operators to a graph's file that fill memory. An exponent of 20 takes 4 MB for a batch of 2, and 4 TB for 4.
 *
 * A message's repeated fields may lie apart (protobuf.dev, "Encoding"), so that what is appended belongs to the same graph.
 */
export async function makeHungry(path: string, { exponent, least }: Hunger): Promise<void> {
	const graph = message([
		[inGraph.initializer, int64Tensor("hunger.exponent", exponent)],
		[inGraph.initializer, int64Tensor("hunger.least", least)],
		[inGraph.node, node("Shape", ["sample"], "hunger.batch", { start: 0, end: 1 })],
		[inGraph.node, node("Pow", ["hunger.batch", "hunger.exponent"], "hunger.power")],
		[inGraph.node, node("Mul", ["hunger.power", "hunger.least"], "hunger.size")],
		[inGraph.node, node("ConstantOfShape", ["hunger.size"], "hunger.numbers")],
		[inGraph.node, node("ReduceSum", ["hunger.numbers"], "hunger", { keepdims: 0 })],
		[inGraph.output, scalar("hunger")],
	]);
	await writeFile(path, Buffer.concat([await readFile(path), message([[inModel.graph, graph]])]));
}

type Field = readonly [number: number, value: number | string | Buffer];

function message(fields: readonly Field[]): Buffer {
	return Buffer.concat(
		fields.flatMap(([number, value]) => {
			if (typeof value === "number") return [varint(number * 8), varint(value)];
			const bytes = Buffer.from(value);
			return [varint(number * 8 + 2), varint(bytes.length), bytes];
		}),
	);
}

function varint(value: number): Buffer {
	const bytes: number[] = [];
	let rest = value;
	for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
	return Buffer.from([...bytes, rest]);
}

function node(
	operator: string,
	inputs: readonly string[],
	output: string,
	attributes: Readonly<Record<string, number>> = {},
): Buffer {
	return message([
		...inputs.map((name): Field => [inNode.input, name]),
		[inNode.output, output],
		[inNode.operator, operator],
		...Object.entries(attributes).map(
			([name, value]): Field => [
				inNode.attribute,
				message([
					[inAttribute.name, name],
					[inAttribute.integer, value],
					[inAttribute.type, integerAttribute],
				]),
			],
		),
	]);
}

function int64Tensor(name: string, value: number): Buffer {
	return message([
		[inTensor.dims, 1],
		[inTensor.dataType, int64],
		[inTensor.int64, value],
		[inTensor.name, name],
	]);
}

function scalar(name: string): Buffer {
	const type = message([
		[inTensorType.element, float32],
		[inTensorType.shape, ""],
	]);
	return message([
		[inValue.name, name],
		[inValue.type, message([[inType.tensor, type]])],
	]);
}
