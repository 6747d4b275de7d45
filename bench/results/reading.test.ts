import { describe, expect, it } from "vitest";
import { scoreReadings } from "./reading.ts";
import type { Scene } from "./scenes.ts";

const known = { things: ["cat", "sun"], colours: ["red", "blue"] };

function scene(things: string[], background: string[]): Scene {
	return {
		file: "",
		things: things.map((word) => ({ word, size: "large", place: "left" })),
		background,
		backgroundKind: "plain",
		style: "flat",
		terse: "",
		complete: "",
	};
}

function score(scenes: Scene[], ...shown: string[][]) {
	const words = shown.map((some) => new Set(some));
	const { everyThing, things, background } = scoreReadings("a", scenes, words, known, { resamples: 20, seed: 0 });
	return [everyThing.value, things.value, background.value];
}

describe("scores of pictures", () => {
	it("are perfect where the reader sees all that was captioned, whatever else it sees", () => {
		expect(score([scene(["cat"], ["red"])], ["cat", "red", "sun", "large"])).toEqual([1, 1, 1]);
	});

	it("tell pictures with every thing from the share of things", () => {
		const scenes = [scene(["cat", "sun"], ["red"]), scene(["cat"], ["blue"])];
		expect(score(scenes, ["cat", "red"], ["cat", "blue"])).toEqual([0.5, 2 / 3, 1]);
	});

	it.each([
		[["red"], ["red"], 1],
		[["red"], ["red", "blue"], 0],
		[["red"], [], 0],
		[["red", "blue"], ["blue", "red"], 1],
		[["red", "blue"], ["blue"], 0],
	])("take a background of %j that is seen as %j for right: %i", (background, seen, right) => {
		expect(score([scene(["cat"], background)], seen)[2]).toBe(right);
	});
});
