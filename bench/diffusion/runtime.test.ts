import { expect, it } from "vitest";
import { describeVariants } from "./runtime.ts";

it("the table of variants has a row for each, also for those that could not be tried", () => {
	const table = describeVariants("scenes-a", [
		{ name: "no memory arena", compared: { run: 1.234, open: 0.5, memory: 0.876, difference: 0 } },
		{ name: "matrices in int8", compared: { run: 0.7, open: 1, memory: undefined, difference: 0.0123 } },
		{ name: "attention and norms fused", failure: "Kernel not found" },
	]);
	expect(table.split("\n").slice(4, 7)).toEqual([
		"| no memory arena | 1.23 | 0.50 | 0.88 | 0e+0 |",
		"| matrices in int8 | 0.70 | 1.00 |  | 1e-2 |",
		"| attention and norms fused | not possible: Kernel not found | | | |",
	]);
});
