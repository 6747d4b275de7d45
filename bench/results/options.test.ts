import { describe, expect, it } from "vitest";
import { readOptions } from "./options.ts";

describe("the options", () => {
	it("are those of the published results by default", () => {
		expect(readOptions([])).toMatchObject({
			scenes: undefined,
			count: 2000,
			sweepCount: 500,
			steps: 20,
			guidanceScale: 2,
			guidanceRescale: 0.7,
			folders: { "scenes-b": expect.stringMatching(/models.scenes-b$/) },
			pageOnly: false,
		});
	});

	it("sweep no more scenes than there are", () => {
		expect(readOptions(["--count", "100"]).sweepCount).toBe(100);
	});

	it.each([
		["--count", "1"],
		["--count", "many"],
		["--sweep-count", "0"],
		["--steps", "2.5"],
		["--guidance-scale", "0"],
		["--guidance-rescale", "1.1"],
		["--guidance-rescale", ""],
		["--seed", "-1"],
		["--threads", ""],
	])("are refused by name: %s %s", (name, value) => {
		expect(() => readOptions([`${name}=${value}`])).toThrow(`${name} is ${value}; give a`);
	});

	it("that are unknown are refused", () => {
		expect(() => readOptions(["--colour"])).toThrow("--colour");
	});
});
