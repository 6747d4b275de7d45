import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom, standardNormal } from "./noise.ts";
import { type NoiseFixtures, readGolden } from "./testing/golden.ts";

const { stride, cases } = readGolden<NoiseFixtures>("noise.json.gz");

describe("a seed gives torch's numbers", () => {
	// Torch's vector instructions round logarithm, sine and cosine in their last bit as they like: it differs between machines.
	const rounding = 5e-7;

	it.each(cases)("$seed: $sizes", ({ seed, sizes, numbers }) => {
		const random = seededRandom(seed);
		for (const [draw, size] of sizes.entries()) {
			const drawn = random.normal(size);
			const expected = numbers[draw] as readonly number[];
			const kept = expected.length === size ? drawn : drawn.filter((_, index) => index % stride === 0);
			expect(kept).toHaveLength(expected.length);
			const distances = expected.map((number, index) => Math.abs((kept[index] as number) - number));
			expect(Math.max(...distances)).toBeLessThan(rounding);
		}
	});
});

describe("any seed", () => {
	const seeds = fc.nat(2 ** 32 - 1);

	it("gives finite numbers, and the same ones again", () => {
		fc.assert(
			fc.property(seeds, fc.nat(70), (seed, count) => {
				const numbers = standardNormal(count, seed);
				expect(numbers.every(Number.isFinite)).toBe(true);
				expect(standardNormal(count, seed)).toEqual(numbers);
			}),
		);
	});

	it("gives small draws that join to a larger one below sixteen", () => {
		fc.assert(
			fc.property(seeds, fc.nat(7), fc.nat(7), (seed, first, second) => {
				const random = seededRandom(seed);
				const joined = [...random.normal(first), ...random.normal(second)];
				expect(joined).toEqual([...standardNormal(first + second, seed)]);
			}),
		);
	});

	it("gives numbers of mean 0 and variance 1", () => {
		fc.assert(
			fc.property(seeds, (seed) => {
				const numbers = standardNormal(4096, seed);
				const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
				const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
				expect(Math.abs(mean)).toBeLessThan(0.1);
				expect(Math.abs(variance - 1)).toBeLessThan(0.15);
			}),
		);
	});
});
