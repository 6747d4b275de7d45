import type { DecodeRequest } from "dediffusion/plugin";
import { describe, expect, it } from "vitest";
import { wholeFolder } from "./testing/families.ts";
import { watchedInference } from "./testing/inference.ts";
import { open, temporary } from "./testing/opened.ts";
import { draw } from "./testing/pictures.ts";

const folders = new Map(["tiny-epsilon", "tiny-xl"].map((name) => [name, temporary(wholeFolder(name))]));

/** A decoder, and how many texts each run of a text encoder was given. */
async function opened(name: string) {
	const runs: number[] = [];
	const inference = watchedInference(({ input_ids: ids }) => {
		if (ids) runs.push(ids.dims[0] as number);
	});
	return { decoder: await open(folders.get(name) as string, {}, inference), runs };
}

const request = (changes: Partial<DecodeRequest>): DecodeRequest => ({
	prompt: "a red dog",
	seed: 4,
	steps: 2,
	guidanceScale: 6,
	...changes,
});

describe("encoded texts", () => {
	it.each([
		["tiny-epsilon", [2]],
		["tiny-xl", [1, 1]],
	])("are kept for other seeds, steps and scales: %s", async (name, runs) => {
		const first = await opened(name);
		await draw(first.decoder, [request({})]);
		const again = [request({ seed: 5, steps: 3, guidanceScale: 2 })];
		const [remembered] = await draw(first.decoder, again);
		expect(first.runs).toEqual(runs);
		const fresh = await opened(name);
		expect(remembered).toEqual((await draw(fresh.decoder, again))[0]);
	});

	it("are those of the prompt, of what to stay away from, and of whether there is guidance", async () => {
		const { decoder, runs } = await opened("tiny-epsilon");
		await draw(decoder, [request({})]);
		await draw(decoder, [request({ prompt: "a blue dog" })]);
		await draw(decoder, [request({ negativePrompt: "a blue dog" })]);
		await draw(decoder, [request({ guidanceScale: 1 })]);
		expect(runs).toEqual([2, 2, 2, 1]);
	});

	it("are those of all jobs that are drawn together, in their order", async () => {
		const { decoder, runs } = await opened("tiny-epsilon");
		const [red, blue] = [request({}), request({ prompt: "a blue dog" })];
		const both = await draw(decoder, [red, blue]);
		const swapped = await draw(decoder, [blue, red]);
		expect(runs).toEqual([4, 4]);
		expect(await draw(decoder, [red, blue])).toEqual(both);
		expect(swapped).not.toEqual(both);
		expect(runs).toEqual([4, 4]);
	});
});
