/**
 * Values of options are read strictly.
 *
 * @module
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { plainPicture } from "../../test/pictures.ts";
import { list, number, numbers, settingsFrom, withSettings } from "./options.ts";

describe("a number", () => {
	test("is read as it is written", () => {
		fc.assert(
			fc.property(fc.double({ noNaN: true }), (value) => {
				expect(number(String(value))).toBe(value === 0 ? 0 : value);
			}),
		);
	});

	test.each(["", " ", "NaN", "seven", "1,5", "1 2", "--"])("is not %j", (value) => {
		expect(() => number(value)).toThrow("must be a number");
	});
});

describe("a list", () => {
	test("is cut at commas and grows when it is given again", () => {
		expect(list("c, d", list("a,b"))).toEqual(["a", "b", "c", "d"]);
		expect(numbers("3", numbers("1,2.5"))).toEqual([1, 2.5, 3]);
	});

	test.each(["", ",", "a,", "a,,b"])("has no gaps as in %j", (value) => {
		expect(() => list(value)).toThrow("must be a list");
	});

	test("of numbers has nothing else", () => {
		expect(() => numbers("1,two")).toThrow("must be a number");
	});
});

const limits = { bytes: 10_000, pixels: 10_000 };

test("settings are read from the options of a command, and are undefined where nothing is said", async () => {
	const command = withSettings(new Command(), { oneSeed: true }).exitOverride();
	command.parse(["--seed", "4", "--guidance-scale", "2.5", "--negative-prompt", "dogs", "--width", "64"], {
		from: "user",
	});
	expect(await settingsFrom(command.opts(), limits)).toEqual({
		seed: 4,
		steps: undefined,
		guidanceScale: 2.5,
		negativePrompt: "dogs",
		width: 64,
		height: undefined,
		scheduler: undefined,
	});
});

test("a picture to start from is read from its file; a strength is nothing without one", async () => {
	const folder = await mkdtemp(join(tmpdir(), "options-"));
	onTestFinished(() => rm(folder, { recursive: true }));
	const picture = await plainPicture([1, 2, 3]);
	await writeFile(join(folder, "start.png"), picture.bytes);
	const read = (...args: string[]) => {
		const command = withSettings(new Command(), { oneSeed: true }).exitOverride().parse(args, { from: "user" });
		return settingsFrom(command.opts(), limits);
	};
	const { initialImage } = await read("--initial-image", join(folder, "start.png"), "--strength", "0.4");
	expect(initialImage).toMatchObject({ picture: { id: picture.id }, strength: 0.4 });
	await expect(read("--strength", "0.4")).rejects.toMatchObject({ code: "SETTING_INVALID", input: "strength" });
});
