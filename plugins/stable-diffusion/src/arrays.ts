/**
 * Arrays of numbers, joined and taken apart.
 *
 * @module
 */

/** Arrays one after the other. */
export function join(arrays: readonly Float32Array[]): Float32Array {
	const all = new Float32Array(arrays.reduce((length, array) => length + array.length, 0));
	let start = 0;
	for (const array of arrays) {
		all.set(array, start);
		start += array.length;
	}
	return all;
}

/** An array in parts of equal length. */
export function split(values: Float32Array, parts: number): Float32Array[] {
	const length = values.length / parts;
	return Array.from({ length: parts }, (_, index) => values.slice(index * length, (index + 1) * length));
}
