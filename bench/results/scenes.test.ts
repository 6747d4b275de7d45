import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeScenes } from "../../test/scenes.ts";
import { readScenePicture, readScenes, type Scene, sharesOf } from "./scenes.ts";

const folder = await mkdtemp(join(tmpdir(), "scenes-"));
beforeAll(() => writeScenes(folder));
afterAll(() => rm(folder, { recursive: true }));

describe("a folder of scenes", () => {
	it("gives the first scenes, the words that they may show, and their pictures", async () => {
		const scenes = await readScenes(folder, 5);
		expect(scenes).toMatchObject({ imageSize: 32, things: ["cat", "dog"], colours: ["red", "green", "blue"] });
		expect(scenes.scenes).toHaveLength(5);
		const { picture, pixels } = await readScenePicture(scenes, scenes.scenes[1] as Scene);
		expect(picture).toMatchObject({ width: 32, height: 32 });
		expect([...pixels.data.subarray(0, 3)]).toEqual([0, 255, 0]);
	});

	it("with fewer scenes than are asked for is refused with both numbers", async () => {
		await expect(readScenes(folder, 13)).rejects.toThrow(/has 12 scenes, but --count is 13/);
	});

	it("that is not there is refused by its path", async () => {
		await expect(readScenes("nowhere", 1)).rejects.toThrow(/nowhere.scenes\.json is missing/);
	});

	it("whose scenes lack a caption is refused by the field's name", async () => {
		const other = await mkdtemp(join(folder, "other-"));
		const file = JSON.parse(await readFile(join(folder, "scenes.json"), "utf8"));
		delete file.scenes[2].terse;
		await writeFile(join(other, "scenes.json"), JSON.stringify(file));
		await expect(readScenes(other, 5)).rejects.toThrow("scenes[2].terse");
	});
});

describe("shares of scenes", () => {
	it("count the values of a property, the most frequent first", () => {
		const scenes = ["flat", "glossy", "glossy", "glossy"].map((style) => ({ style }) as Scene);
		expect(Object.entries(sharesOf(scenes, ({ style }) => style))).toEqual([
			["glossy", 0.75],
			["flat", 0.25],
		]);
	});
});
