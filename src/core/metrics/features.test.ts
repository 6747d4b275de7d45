import { describe, expect, it } from "vitest";
import { featuresOf } from "../../../test/distances.ts";
import { firstFeatures, joinFeatures } from "./features.ts";

const [two, one] = [
	featuresOf([
		[1, 2],
		[3, 4],
	]),
	featuresOf([[5, 6]]),
];

describe("features", () => {
	it("are joined in order, and cut from the front", () => {
		const joined = joinFeatures([two, one]);
		expect(joined).toEqual(
			featuresOf([
				[1, 2],
				[3, 4],
				[5, 6],
			]),
		);
		expect(firstFeatures(joined, 2)).toEqual(two);
	});

	it("of different networks, none at all, or more than there are, are refused", () => {
		expect(() => joinFeatures([two, featuresOf([[1]])])).toThrow("cannot be compared");
		expect(() => joinFeatures([])).toThrow(RangeError);
		expect(() => firstFeatures(one, 2)).toThrow("There are 1 feature vectors, not 2.");
	});
});
