/**
 * Sums of scaled samples: what every scheduler's formula comes down to.
 *
 * @module
 */

/** A factor and the numbers that it scales. */
export type Term = readonly [factor: number, values: Float32Array];

/** The sum of scaled arrays of one length, number by number. */
export function sum(...terms: readonly [Term, ...Term[]]): Float32Array {
	// Plain loops: the static `from` of typed arrays takes twenty times as long, at every step of every picture.
	const total = new Float32Array(terms[0][1].length);
	for (let index = 0; index < total.length; index++) {
		let value = 0;
		for (let term = 0; term < terms.length; term++) {
			const [factor, values] = terms[term] as Term;
			value += factor * (values[index] as number);
		}
		total[index] = value;
	}
	return total;
}

/** Numbers cut to [-range, range]; untouched without a range. */
export function clip(values: Float32Array, range: number | undefined): Float32Array {
	return range === undefined ? values : values.map((value) => Math.min(Math.max(value, -range), range));
}
