/**
 * Values of tensors as the protocol carries them: in JSON, or as bytes behind it (its binary tensor extension).
 *
 * @module
 */
import { DeDiffusionError } from "dediffusion/plugin";
import { halfOfNumber, numberOfHalf } from "./half.ts";

interface Layout {
	readonly bytes: number;
	readonly read: (view: DataView, at: number) => number;
	readonly write: (view: DataView, at: number, value: number) => void;
}

/** Little-endian, whatever the machine is. Whole numbers beyond 2^53 lose their last digits; no setting is that large. */
const layouts = {
	BOOL: {
		bytes: 1,
		read: (view, at) => Number(view.getUint8(at) !== 0),
		write: (view, at, value) => view.setUint8(at, value),
	},
	UINT8: { bytes: 1, read: (view, at) => view.getUint8(at), write: (view, at, value) => view.setUint8(at, value) },
	UINT16: {
		bytes: 2,
		read: (view, at) => view.getUint16(at, true),
		write: (view, at, value) => view.setUint16(at, value, true),
	},
	UINT32: {
		bytes: 4,
		read: (view, at) => view.getUint32(at, true),
		write: (view, at, value) => view.setUint32(at, value, true),
	},
	UINT64: {
		bytes: 8,
		read: (view, at) => Number(view.getBigUint64(at, true)),
		write: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
	},
	INT8: { bytes: 1, read: (view, at) => view.getInt8(at), write: (view, at, value) => view.setInt8(at, value) },
	INT16: {
		bytes: 2,
		read: (view, at) => view.getInt16(at, true),
		write: (view, at, value) => view.setInt16(at, value, true),
	},
	INT32: {
		bytes: 4,
		read: (view, at) => view.getInt32(at, true),
		write: (view, at, value) => view.setInt32(at, value, true),
	},
	INT64: {
		bytes: 8,
		read: (view, at) => Number(view.getBigInt64(at, true)),
		write: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
	},
	FP16: {
		bytes: 2,
		read: (view, at) => numberOfHalf(view.getUint16(at, true)),
		write: (view, at, value) => view.setUint16(at, halfOfNumber(value), true),
	},
	FP32: {
		bytes: 4,
		read: (view, at) => view.getFloat32(at, true),
		write: (view, at, value) => view.setFloat32(at, value, true),
	},
	FP64: {
		bytes: 8,
		read: (view, at) => view.getFloat64(at, true),
		write: (view, at, value) => view.setFloat64(at, value, true),
	},
} as const satisfies Record<string, Layout>;

export type NumberType = keyof typeof layouts;
export type Datatype = NumberType | "BYTES";

export function isDatatype(name: string): name is Datatype {
	return name === "BYTES" || isNumberType(name);
}

export function isNumberType(name: string): name is NumberType {
	return Object.hasOwn(layouts, name);
}

/** A file is a value of BYTES, too. */
export type Value = string | number | boolean | Uint8Array;

/** The smallest and largest whole numbers of the types that hold nothing else. */
const ranges: Readonly<Partial<Record<Datatype, readonly [number, number]>>> = {
	BOOL: [0, 1],
	UINT8: [0, 2 ** 8 - 1],
	UINT16: [0, 2 ** 16 - 1],
	UINT32: [0, 2 ** 32 - 1],
	UINT64: [0, Number.MAX_SAFE_INTEGER],
	INT8: [-(2 ** 7), 2 ** 7 - 1],
	INT16: [-(2 ** 15), 2 ** 15 - 1],
	INT32: [-(2 ** 31), 2 ** 31 - 1],
	INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** Whether a tensor of the type can hold the value as it is. */
export function fits(datatype: Datatype, value: Value): boolean {
	const isBytes = typeof value === "string" || value instanceof Uint8Array;
	if (datatype === "BYTES" || isBytes) {
		return datatype === "BYTES" && isBytes;
	}
	const [smallest, largest] = ranges[datatype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
	const number = Number(value);
	return number >= smallest && number <= largest && (ranges[datatype] === undefined || Number.isInteger(number));
}

/** Values as JSON has them, files in base64; there is no FP16 among them. */
export function toJson(datatype: Datatype, values: readonly Value[]): (string | number | boolean)[] {
	return values.map((value) => {
		if (datatype === "BYTES") {
			return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : String(value);
		}
		return datatype === "BOOL" ? Boolean(value) : Number(value);
	});
}

/** Values as bytes: numbers in their own size, texts in UTF-8 behind their length in four bytes. */
export function toBytes(datatype: Datatype, values: readonly Value[]): Uint8Array {
	if (datatype === "BYTES") {
		return Buffer.concat(
			values.flatMap((value) => lengthAndBytes(value instanceof Uint8Array ? value : Buffer.from(String(value)))),
		);
	}
	const { bytes, write }: Layout = layouts[datatype];
	const buffer = new Uint8Array(values.length * bytes);
	const view = new DataView(buffer.buffer);
	for (const [index, value] of values.entries()) {
		write(view, index * bytes, Number(value));
	}
	return buffer;
}

function lengthAndBytes(bytes: Uint8Array): [Uint8Array, Uint8Array] {
	return [toBytes("UINT32", [bytes.length]), bytes];
}

/** @throws DeDiffusionError `BACKEND_PROTOCOL` if there are not as many bytes as numbers need. */
export function numbersInBytes(datatype: NumberType, data: Uint8Array, count: number): Float64Array {
	const { bytes, read }: Layout = layouts[datatype];
	if (data.length !== count * bytes) {
		throw unreadable(`${count} numbers of ${datatype} in ${data.length} bytes`);
	}
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const numbers = new Float64Array(count);
	for (let index = 0; index < count; index++) {
		numbers[index] = read(view, index * bytes);
	}
	return numbers;
}

/** @throws DeDiffusionError `BACKEND_PROTOCOL` if it is something else than so many numbers. */
export function numbersInJson(data: readonly unknown[], count: number): Float64Array {
	const numbers = new Float64Array(count);
	let at = 0;
	// Pictures have millions of them: no list is made that only serves to be read once.
	const read = (values: readonly unknown[]) => {
		for (const value of values) {
			if (Array.isArray(value)) {
				read(value);
			} else if (at < count && (typeof value === "number" || typeof value === "boolean")) {
				numbers[at++] = Number(value);
			} else {
				throw unreadable(`something else than the ${count} numbers that were announced`);
			}
		}
	};
	read(data);
	if (at !== count) {
		throw unreadable(`${at} values where ${count} numbers were announced`);
	}
	return numbers;
}

/** The elements of a BYTES tensor. @throws DeDiffusionError `BACKEND_PROTOCOL` if they do not end where the data ends. */
export function elementsInBytes(data: Uint8Array, count: number): Uint8Array[] {
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const elements: Uint8Array[] = [];
	let at = 0;
	while (at + 4 <= data.length && elements.length < count) {
		const end = at + 4 + view.getUint32(at, true);
		if (end > data.length) {
			break;
		}
		elements.push(data.subarray(at + 4, end));
		at = end;
	}
	if (elements.length !== count || at !== data.length) {
		throw unreadable(`${count} elements of BYTES that do not end where their ${data.length} bytes end`);
	}
	return elements;
}

/** @throws DeDiffusionError `BACKEND_PROTOCOL` if it is something else than so many texts. */
export function textsInJson(data: readonly unknown[], count: number): readonly string[] {
	const values: readonly unknown[] = data.flat(Number.POSITIVE_INFINITY);
	if (values.length !== count || !values.every((value) => typeof value === "string")) {
		throw unreadable(`${values.length} values where ${count} texts were announced`);
	}
	return values;
}

function unreadable(what: string): DeDiffusionError {
	return new DeDiffusionError("BACKEND_PROTOCOL", `The backend's tensor has ${what}.`);
}
