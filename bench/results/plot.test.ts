import { describe, expect, it } from "vitest";
import { plotGuidance } from "./plot.ts";
import { sample } from "./testing/sample.ts";

const svg = await plotGuidance(sample);
const linesIn = /<path aria-label="[^"]*" role="graphics-symbol" aria-roledescription="line mark"/g;

describe("the plot", () => {
	it("has a panel for each kind of guidance that was measured", async () => {
		expect(svg).toContain(">guidance rescaled by 0.7</text>");
		expect(svg).toContain(">plain guidance</text>");
		const { plain: _, ...transfer } = sample.transfer;
		const alone = await plotGuidance({ ...sample, transfer });
		expect(alone).toContain(">plain guidance</text>");
		expect(alone.match(linesIn)).toHaveLength(6);
	});

	it("has a line and a name for each prompt source", () => {
		const names = ["no text", "terse caption", "complete caption", "De-Diffusion, 4 tokens", "De-Diffusion, 8 tokens"];
		for (const name of [...names, "De-Diffusion, all 16 tokens"]) {
			expect(svg).toContain(`>${name}</text>`);
		}
		expect(svg.match(linesIn)).toHaveLength(2 * 6);
	});

	it("has a point for each measured FID", () => {
		const points = svg.match(/aria-roledescription="point"/g);
		expect(points).toHaveLength(2 * sample.transfer.sweep.length);
	});

	it("marks the guidance scales that were measured", () => {
		for (const scale of ["1", "1.5", "2", "3", "5", "7.5"]) {
			expect(svg).toContain(`>${scale}</text>`);
		}
	});

	it("is the same for the same results, and shows nothing that is no number", async () => {
		const withoutClipIds = (text: string) => text.replaceAll(/clip\d+/g, "clip");
		expect(withoutClipIds(await plotGuidance(sample))).toBe(withoutClipIds(svg));
		expect(svg).not.toMatch(/NaN|undefined|Infinity/);
	});
});
