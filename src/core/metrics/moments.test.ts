import { describe, expect, it } from "vitest";
import { featuresOf } from "../../../test/distances.ts";
import { momentsOf } from "./moments.ts";

const features = featuresOf([
	[1, 10],
	[2, 20],
	[6, 0],
]);

describe("moments", () => {
	it("are the sample's mean and covariance, with the divisor N - 1", () => {
		const { mean, covariance } = momentsOf(features);
		expect([...mean]).toEqual([3, 10]);
		expect([...covariance]).toEqual([7, -20, -20, 100].map((value) => expect.closeTo(value, 12)));
	});

	it("of a resample are those of a set that holds its rows as often", () => {
		const resampled = momentsOf(features, Uint32Array.of(2, 0, 2, 2));
		const repeated = momentsOf(
			featuresOf([
				[6, 0],
				[1, 10],
				[6, 0],
				[6, 0],
			]),
		);
		expect([...resampled.mean]).toEqual([...repeated.mean]);
		expect([...resampled.covariance]).toEqual([...repeated.covariance].map((value) => expect.closeTo(value, 12)));
	});

	it("of one vector are refused", () => {
		expect(() => momentsOf(featuresOf([[1, 2]]))).toThrow("at least two");
	});
});
