import { describe, expect, it } from "vitest";
import { createProgress } from "./progress.ts";

describe("progress", () => {
	it("tells the rate of what is drawn and how long the rest will take", () => {
		const lines: string[] = [];
		let clock = 0;
		const progress = createProgress(
			(line) => lines.push(line),
			() => clock,
		);
		progress.begin("scenes-a, terse, guidance 2", 300);
		clock = 50_000;
		progress.advance(100, true);
		clock = 100_000;
		progress.advance(100, true);
		progress.begin("scenes-a, complete, guidance 2", 100);
		progress.advance(50, false);
		progress.advance(50, false);
		expect(lines).toEqual([
			"scenes-a, terse, guidance 2: 100 of 300, 2.0 a second, 2 min left",
			"scenes-a, terse, guidance 2: 200 of 300, 2.0 a second, 50 s left",
			"scenes-a, complete, guidance 2: 100 of 100, kept from before",
		]);
	});
});
