import { describe, expect, it } from "vitest";
import { type Bar, barsOf } from "./bars.ts";
import type { Results } from "./results.ts";
import { estimate, sample } from "./testing/sample.ts";

function bar(results: Results, name: string): Bar {
	const found = barsOf(results).filter((one) => one.name.includes(name));
	expect(found).toHaveLength(1);
	return found[0] as Bar;
}

describe("the bars", () => {
	it("are all met where every number clears its own", () => {
		const missed = barsOf(sample).filter(({ met }) => !met);
		expect(missed.map(({ name }) => name)).toEqual(["scenes-b draws every thing of a complete caption"]);
	});

	it("say by how much they are met and missed", () => {
		expect(bar(sample, "scenes-a draws every thing")).toEqual({
			name: "scenes-a draws every thing of a complete caption",
			wanted: "at least 85%",
			measured: "90.0% (88.0 to 92.0)",
			met: true,
			margin: "by 5.0 points",
		});
		expect(bar(sample, "scenes-b draws every thing")).toMatchObject({
			wanted: "at least 80%",
			margin: "by 10.0 points",
		});
	});

	it("say so where chance may have decided", () => {
		expect(bar(sample, "first of all colours").margin).toBe("by 1.0 points, less than two standard errors");
	});

	it("hold the transfer to its worst guidance scale", () => {
		const [first, ...others] = sample.transfer.belowTerse;
		const worse = [...others, { guidanceScale: first?.guidanceScale ?? 1, share: estimate(-0.1) }];
		const results = { ...sample, transfer: { ...sample.transfer, belowTerse: worse } };
		expect(barsOf(results).filter(({ name }) => name.includes("at every guidance scale"))).toMatchObject([
			{ met: false, measured: "least at scale 1: -10.0% ± 1.0", margin: "by 10.0 points" },
			{ met: true },
		]);
	});

	it("hold plain guidance to the same where the other is rescaled, and are silent where it is not", () => {
		const plainBar = "at every guidance scale, with plain guidance";
		const belowTerse = [{ guidanceScale: 7.5, share: estimate(-0.2) }];
		const missed = { ...sample.transfer, plain: { sweep: [], belowTerse } };
		expect(bar({ ...sample, transfer: missed }, plainBar)).toMatchObject({
			met: false,
			measured: "least at scale 7.5: -20.0% ± 1.0",
		});
		const { plain: _, ...alone } = sample.transfer;
		const names = barsOf({ ...sample, transfer: alone }).map(({ name }) => name);
		expect(names.some((name) => name.includes(plainBar))).toBe(false);
	});

	it("hold the prefixes to the length at which FID falls least", () => {
		const longest = sample.prefixes.at(-1) as Results["prefixes"][0];
		const longer = { ...longest, length: 24, belowShorter: estimate(-0.05) };
		const results = { ...sample, prefixes: [...sample.prefixes, longer] };
		expect(bar(results, "prefixes")).toMatchObject({ met: false, measured: "least at 24 tokens: -5.0% ± 1.0" });
	});

	it.each([
		[1.15, true],
		[1.16, false],
	])("let the FID of reconstructions be %f times that of complete captions: %s", (ratio, met) => {
		const reconstruction = { ...sample.reconstruction, fidOverComplete: estimate(ratio) };
		expect(bar({ ...sample, reconstruction }, "above that of complete captions").met).toBe(met);
	});

	it("take a gain over terse captions for clear only beyond its error", () => {
		const unclear = { psnrAboveTerse: estimate(0.01, 0.1), fidBelowTerse: estimate(0.1, 0.06) };
		const results = { ...sample, reconstruction: { ...sample.reconstruction, ...unclear } };
		expect(bar(results, "PSNR above").met).toBe(false);
		expect(bar(results, "reconstruction: FID below").met).toBe(false);
	});

	it("ask of every token to be a whole word", () => {
		const results = { ...sample, text: { ...sample.text, wholeWords: 0.998 } };
		expect(bar(results, "whole words")).toMatchObject({ met: false, measured: "99.8%", margin: "by 0.2 points" });
	});
});
