/**
 * Sums of scaled samples: what every scheduler's formula comes down to.
 *
 * @module
 */

/** A factor and the numbers that it scales. */
export type Term = readonly [factor: number, values: Float32Array];

/** The sum of scaled arrays of one length, number by number. */
export function sum(...[first, ...rest]: readonly [Term, ...Term[]]): Float32Array {
	const [factor, values] = first;
	const total = Float64Array.from(values, (value) => factor * value);
	for (const [scale, more] of rest) {
		for (let index = 0; index < total.length; index++) {
			total[index] = (total[index] as number) + scale * (more[index] as number);
		}
	}
	return Float32Array.from(total);
}

/** Numbers cut to [-range, range]; untouched without a range. */
export function clip(values: Float32Array, range: number | undefined): Float32Array {
	return range === undefined ? values : values.map((value) => Math.min(Math.max(value, -range), range));
}
