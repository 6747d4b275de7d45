/**
 * IEEE 754 half precision as raw bits, as onnxruntime hands it over.
 *
 * @module
 */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The float32 value of a float16's bits; exact. */
export function halfToFloat(half: number): number {
	const sign = half & 0x8000 ? -1 : 1;
	const exponent = (half >>> 10) & 0x1f;
	const fraction = half & 0x3ff;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
	return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the float16 nearest to a float32; halves go to even, what is too large becomes infinite. */
export function floatToHalf(value: number): number {
	float[0] = value;
	const whole = bits[0] as number;
	const sign = (whole >>> 16) & 0x8000;
	const magnitude = whole & 0x7fffffff;
	if (magnitude > 0x7f800000) return sign | 0x7e00;
	if (magnitude >= 0x477ff000) return sign | 0x7c00;
	// Below the smallest normal half, float32 addition does the rounding: 0.5 has a step of 2^-24 there.
	if (magnitude < 0x38800000) {
		float[0] = Math.abs(value) + 0.5;
		return sign | ((bits[0] as number) - 0x3f000000);
	}
	const odd = (magnitude >>> 13) & 1;
	return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}
