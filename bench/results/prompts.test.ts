import { describe, expect, it } from "vitest";
import { lengthOf, prefixLengths, sweepSources } from "./prompts.ts";

describe("prompt sources", () => {
	it.each([
		[24, [2, 4, 8, 16, 24]],
		[16, [2, 4, 8, 16]],
		[8, [2, 4, 8]],
		[5, [2, 4, 5]],
		[2, [2]],
	])("have prefixes of an encoder of %i tokens: %j", (tokens, lengths) => {
		expect(prefixLengths(tokens)).toEqual(lengths);
	});

	it("of the sweep name no text twice", () => {
		expect(sweepSources(24)).toEqual(["none", "terse", "complete", "dediffusion-4", "dediffusion-8", "dediffusion-24"]);
		expect(sweepSources(8)).toEqual(["none", "terse", "complete", "dediffusion-4", "dediffusion-8"]);
		expect(sweepSources(3)).toEqual(["none", "terse", "complete", "dediffusion-3"]);
	});

	it("know their lengths", () => {
		expect(sweepSources(16).map(lengthOf)).toEqual([undefined, undefined, undefined, 4, 8, 16]);
	});
});
