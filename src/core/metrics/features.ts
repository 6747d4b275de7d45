/**
 * Sets of pictures as points: what a reader or another network makes of each.
 *
 * @module
 */

/** Feature vectors, one row for each picture. */
export interface Features {
	/** Pictures. */
	readonly count: number;
	/** Numbers for each picture. */
	readonly width: number;
	/** Row by row: [count * width]. */
	readonly data: Float32Array;
}

/** One set of several. @throws RangeError if their widths differ or there is none. */
export function joinFeatures(parts: readonly Features[]): Features {
	const [first] = parts;
	if (first === undefined) {
		throw new RangeError("There are no features to join.");
	}
	for (const part of parts) {
		requireEqualWidths(first, part);
	}
	const count = parts.reduce((sum, part) => sum + part.count, 0);
	const data = new Float32Array(count * first.width);
	let start = 0;
	for (const part of parts) {
		data.set(part.data, start);
		start += part.data.length;
	}
	return { count, width: first.width, data };
}

/** The first rows, which share the set's memory. @throws RangeError if there are not so many. */
export function firstFeatures({ count, width, data }: Features, wanted: number): Features {
	if (wanted > count) {
		throw new RangeError(`There are ${count} feature vectors, not ${wanted}.`);
	}
	return { count: wanted, width, data: data.subarray(0, wanted * width) };
}

/** @throws RangeError for vectors of different networks. */
export function requireEqualWidths(a: { readonly width: number }, b: { readonly width: number }): void {
	if (a.width !== b.width) {
		throw new RangeError(`Feature vectors of ${a.width} and ${b.width} numbers cannot be compared.`);
	}
}
