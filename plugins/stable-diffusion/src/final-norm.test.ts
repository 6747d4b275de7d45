import fc from "fast-check";
import { expect, it } from "vitest";
import { normLike } from "./final-norm.ts";
import { standardNormal } from "./noise.ts";

const width = 12;

/** The layer norm itself. */
function norm(states: Float32Array, factors: Float32Array, offsets: Float32Array): Float32Array {
	const tokens = Array.from({ length: states.length / width }, (_, token) => {
		const values = [...states.subarray(token * width, (token + 1) * width)];
		const mean = values.reduce((sum, value) => sum + value) / width;
		const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
		return values.map((value, channel) => {
			const factor = factors[channel] as number;
			return ((value - mean) / Math.sqrt(variance + 1e-5)) * factor + (offsets[channel] as number);
		});
	});
	return Float32Array.from(tokens.flat());
}

it("norms as what it was shown, whatever the norm's factors and offsets are", () => {
	const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });
	fc.assert(
		fc.property(seed, fc.integer({ min: 3, max: 77 }), (seed, tokens) => {
			const numbers = standardNormal(2 * width * tokens + 2 * width, seed);
			const [before, states] = [numbers.slice(0, width * tokens), numbers.slice(width * tokens, 2 * width * tokens)];
			const [factors, offsets] = [numbers.slice(-2 * width, -width), numbers.slice(-width)];
			const actual = normLike(states, { data: before, width }, norm(before, factors, offsets));
			const expected = norm(states, factors, offsets);
			const worst = Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] as number))));
			// Few tokens that are close to each other in a channel leave its line less certain.
			expect(worst).toBeLessThan(tokens < 8 ? 1e-2 : 1e-4);
		}),
	);
});
