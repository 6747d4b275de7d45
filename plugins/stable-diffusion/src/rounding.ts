/**
 * Rounding as IEEE 754, numpy and torch do it.
 *
 * @module
 */

/** Halves go to the even neighbour; `Math.round` would send them up. */
export function roundHalfEven(value: number): number {
	const floor = Math.floor(value);
	const rest = value - floor;
	if (rest !== 0.5) return Math.round(value);
	return floor % 2 === 0 ? floor : floor + 1;
}
