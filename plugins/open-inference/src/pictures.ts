/**
 * A tensor as pictures: files in BYTES, or pixels in numbers.
 *
 * @module
 */
import { bytesOfBase64, type DecodedImage, DeDiffusionError, type PixelImage } from "dediffusion/plugin";
import type { Options } from "./options.ts";
import {
	elementsInBytes,
	isNumberType,
	type NumberType,
	numbersInBytes,
	numbersInJson,
	textsInJson,
} from "./tensors.ts";

/** A tensor as it came: its values in JSON, or as bytes. */
export interface AnsweredTensor {
	readonly datatype: string;
	readonly shape: readonly number[];
	readonly data: readonly unknown[] | Uint8Array;
}

/**
 * @param count How many pictures were asked for.
 * @throws DeDiffusionError `BACKEND_PROTOCOL` if there are not so many of them in it.
 */
export function picturesIn(
	tensor: AnsweredTensor,
	count: number,
	options: Pick<Options, "layout" | "range">,
): DecodedImage[] {
	if (tensor.datatype === "BYTES") {
		return filesIn(tensor, count);
	}
	if (isNumberType(tensor.datatype)) {
		return pixelsIn(tensor, tensor.datatype, count, options);
	}
	throw unusable(`of ${tensor.datatype}`);
}

function filesIn({ shape, data }: AnsweredTensor, count: number): DecodedImage[] {
	const elements = shape.reduce((product, size) => product * size, 1);
	if (elements !== count) {
		throw unusable(`of ${elements} pictures where ${count} were wanted`);
	}
	const files =
		data instanceof Uint8Array ? elementsInBytes(data, count).map(fileIn) : textsInJson(data, count).map(bytesOfBase64);
	return files.map((bytes) => ({ kind: "encoded", bytes }));
}

/** Models give files as they are or, as JSON would need it, in base64; no file consists of base64's letters alone. */
function fileIn(element: Uint8Array): Uint8Array {
	const text = Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString("latin1");
	return element.length === 0 || /^(data:|[A-Za-z0-9+/_=\s-]*$)/.test(text) ? bytesOfBase64(text) : element;
}

interface Form {
	readonly width: number;
	readonly height: number;
	readonly isPlanar: boolean;
}

function pixelsIn(
	{ shape, data }: AnsweredTensor,
	datatype: NumberType,
	count: number,
	{ layout, range = datatype.startsWith("FP") ? [0, 1] : [0, 255] }: Pick<Options, "layout" | "range">,
): PixelImage[] {
	const { width, height, isPlanar } = formOf(shape, count, layout);
	const size = width * height * 3;
	const values =
		data instanceof Uint8Array ? numbersInBytes(datatype, data, count * size) : numbersInJson(data, count * size);
	return Array.from({ length: count }, (_, picture): PixelImage => {
		const own = values.subarray(picture * size, (picture + 1) * size);
		return { kind: "pixels", width, height, data: levelsOf(own, isPlanar, range) };
	});
}

/** Interleaved levels from 0 to 255. Plain loops: a picture has millions of values. */
function levelsOf(values: Float64Array, isPlanar: boolean, [black, white]: readonly [number, number]): Uint8Array {
	// Clamped: models go a little beyond black and white.
	const levels = new Uint8ClampedArray(values.length);
	const plane = values.length / 3;
	const [pixelStep, channelStep] = isPlanar ? [1, plane] : [3, 1];
	const scale = 255 / (white - black);
	let hasNumbers = true;
	for (let pixel = 0; pixel < plane; pixel++) {
		for (let channel = 0; channel < 3; channel++) {
			const value = values[pixel * pixelStep + channel * channelStep] as number;
			hasNumbers &&= !Number.isNaN(value);
			levels[pixel * 3 + channel] = (value - black) * scale;
		}
	}
	if (!hasNumbers) {
		throw unusable("with values that are no numbers, as models have them that overflow");
	}
	return new Uint8Array(levels.buffer);
}

/** Shapes are those of one picture, or of all of them behind their number. */
function formOf(shape: readonly number[], count: number, layout: Options["layout"]): Form {
	const [pictures, ...sizes] = shape.length === 4 ? shape : [1, ...shape];
	const [first = 0, second = 0, third = 0] = sizes;
	const isPlanar = layout === undefined ? third !== 3 : layout === "chw";
	const [channels, height, width] = isPlanar ? [first, second, third] : [third, first, second];
	if (pictures !== count || sizes.length !== 3 || channels !== 3 || width === 0 || height === 0) {
		throw unusable(`of the shape [${shape.join(", ")}], which is not that of ${count} pictures with three channels`);
	}
	return { width, height, isPlanar };
}

function unusable(what: string): DeDiffusionError {
	return new DeDiffusionError("BACKEND_PROTOCOL", `The backend gave a tensor ${what}.`, {
		advice: "Check output, layout and maxBatch of the plugin's options.",
	});
}
