import { describe, expect, it } from "vitest";
import type { Cost } from "./costs.ts";
import { plotCosts } from "./plot.ts";

const sides = ["the server's pipeline", "optimum-onnx"];
const costs = (change: (index: number) => Partial<Cost>): Cost[] =>
	[0, 1, 2].flatMap((index) =>
		sides.map((side) => ({ side, seconds: 1 + index, count: 1, steps: 20, size: 64, ...change(index) })),
	);
const svg = await plotCosts({
	model: "scenes-a",
	firstPicture: sides.map((side, index) => ({ side, seconds: 2 + index })),
	byBatch: costs((index) => ({ count: 2 ** index })),
	bySteps: costs((index) => ({ steps: 3 + 30 * index })),
	bySize: costs((index) => ({ size: 96 + 32 * index })),
});

describe("the plot of costs", () => {
	it("has a panel for each question, with a line and points for each side", () => {
		for (const title of [
			"First picture of scenes-a after start",
			"A picture of a batch",
			"A picture, by steps",
			"A picture, by size",
		]) {
			expect(svg).toContain(title);
		}
		expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(3 * sides.length);
		expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(3 * 3 * sides.length);
		expect(svg.match(/aria-roledescription="bar"/g)).toHaveLength(sides.length);
	});

	it("marks what was measured, and names the sides", () => {
		for (const label of ["4", "33", "63", "128", "160", ...sides.map((side) => side.replace("'", "&#39;"))]) {
			expect(svg.replaceAll("'", "&#39;")).toContain(`>${label}</text>`);
		}
		expect(svg).not.toMatch(/NaN|undefined|Infinity/);
	});
});
