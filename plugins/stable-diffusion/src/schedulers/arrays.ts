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
	const total = new Float64Array(terms[0][1].length);
	for (const [factor, values] of terms) {
		for (let index = 0; index < total.length; index++) {
			total[index] = (total[index] as number) + factor * (values[index] as number);
		}
	}
	return new Float32Array(total);
}

/** Numbers cut to [-range, range]; untouched without a range. */
export function clip(values: Float32Array, range: number | undefined): Float32Array {
	return range === undefined ? values : values.map((value) => Math.min(Math.max(value, -range), range));
}
