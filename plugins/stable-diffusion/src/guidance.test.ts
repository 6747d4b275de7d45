import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guidanceEmbedding, guide, rescale } from "./guidance.ts";

const predictions = fc
	.array(fc.float({ min: -10, max: 10, noNaN: true }), { minLength: 4, maxLength: 32 })
	.map((half) => Float32Array.from([...half, ...half.map((value, index) => value / 2 + index)]));

const deviation = (values: Float32Array) => {
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
	return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
};

describe("guidance", () => {
	it("of 1 is the prediction with the text, of 0 the one without", () => {
		fc.assert(
			fc.property(predictions, (predicted) => {
				const half = predicted.length / 2;
				const close = (actual: Float32Array, expected: Float32Array) =>
					actual.every((value, index) => Math.abs(value - (expected[index] as number)) < 1e-4);
				expect(close(guide(predicted, 1), predicted.slice(half))).toBe(true);
				expect(close(guide(predicted, 0), predicted.slice(0, half))).toBe(true);
			}),
		);
	});

	it("is rescaled to the deviation of the prediction with the text, each sample for itself", () => {
		fc.assert(
			fc.property(predictions, fc.integer({ min: 2, max: 15 }), (predicted, scale) => {
				const half = predicted.length / 2;
				const two = Float32Array.from([
					...predicted.slice(0, half),
					...predicted.slice(0, half).map((value) => value * 3),
					...predicted.slice(half),
					...predicted.slice(half).map((value) => value * 3),
				]);
				const guided = guide(two, scale);
				fc.pre(deviation(guided.slice(0, half)) > 1e-3);
				const whole = rescale(guided, two, 1, 2);
				const wanted = deviation(predicted.slice(half));
				expect(deviation(whole.slice(0, half)) / wanted).toBeCloseTo(1, 3);
				expect(deviation(whole.slice(half)) / (3 * wanted)).toBeCloseTo(1, 3);
				expect(rescale(guided, two, 0, 2)).toEqual(guided);
			}),
		);
	});
});

it("tells a U-Net of guidance 1 with zeros and ones", () => {
	expect([...guidanceEmbedding(1, 8)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
});
