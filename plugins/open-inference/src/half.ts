/**
 * Half precision (IEEE 754 binary16), for which not every version of Node has a typed array.
 *
 * @module
 */

/** The number that 16 bits stand for. */
export function numberOfHalf(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 31;
	const fraction = bits & 1023;
	if (exponent === 31) {
		return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
	}
	return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The 16 bits nearest to a number; halfway between two, those that end in 0. */
export function halfOfNumber(value: number): number {
	const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
	const size = Math.abs(value);
	if (Number.isNaN(value)) {
		return 0x7e00;
	}
	// Halfway to what the next exponent would hold.
	if (size >= 65520) {
		return sign | 0x7c00;
	}
	const exponent = Math.max(-14, Math.floor(Math.log2(size)));
	const steps = roundedToEven(size / 2 ** (exponent - 10));
	// The leading one counts as the first step of the exponent; 2048 steps carry into the next.
	return sign | (((exponent + 14) << 10) + steps);
}

function roundedToEven(value: number): number {
	const floor = Math.floor(value);
	const rest = value - floor;
	return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
