/**
 * Sums of scaled samples: what every scheduler's formula comes down to.
 *
 * Whatever goes over all numbers of a sample, here and in the schedulers, is a plain loop: a walk is over before the
 * runtime has compiled what it does, and until then a call for each number costs more than the arithmetic.
 *
 * @module
 */

/** A factor and the numbers that it scales. */
export type Term = readonly [factor: number, values: Float32Array];

/** The sum of scaled arrays of one length, number by number. */
export function sum(...terms: readonly [Term, ...Term[]]): Float32Array {
	const [[factor, values], second, ...others] = terms;
	if (second === undefined) return scaled(values, factor);
	if (others.length === 0) return sumOfTwo(factor, values, ...second);
	// In double precision until all is added.
	const exact = new Float64Array(values.length);
	for (const [factor, values] of terms) {
		for (let index = 0; index < exact.length; index++) {
			exact[index] = (exact[index] as number) + factor * (values[index] as number);
		}
	}
	return new Float32Array(exact);
}

/** Numbers times a factor. */
export function scaled(values: Float32Array, factor: number): Float32Array<ArrayBuffer> {
	const products = new Float32Array(values.length);
	for (let index = 0; index < products.length; index++) products[index] = factor * (values[index] as number);
	return products;
}

/** Most sums have two terms: these need no second pass. */
function sumOfTwo(factor: number, values: Float32Array, otherFactor: number, others: Float32Array): Float32Array {
	const total = new Float32Array(values.length);
	for (let index = 0; index < total.length; index++) {
		total[index] = factor * (values[index] as number) + otherFactor * (others[index] as number);
	}
	return total;
}

/** Numbers over a divisor, which is not the same as times its inverse. */
export function divided(values: Float32Array, divisor: number): Float32Array {
	const quotients = new Float32Array(values.length);
	for (let index = 0; index < quotients.length; index++) quotients[index] = (values[index] as number) / divisor;
	return quotients;
}

/** Numbers cut to [-range, range]; untouched without a range. */
export function clip(values: Float32Array, range: number | undefined): Float32Array {
	if (range === undefined) return values;
	const clipped = new Float32Array(values.length);
	for (let index = 0; index < clipped.length; index++) {
		clipped[index] = Math.min(Math.max(values[index] as number, -range), range);
	}
	return clipped;
}
