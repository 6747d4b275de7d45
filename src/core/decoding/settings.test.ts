import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brush } from "../../../test/brush.ts";
import { plainPicture } from "../../../test/pictures.ts";
import type { SettingName } from "../../plugins/index.ts";
import { checkFor, checkSettings, type DecodeSettings, fitTo, initialImageFor, randomSeed } from "./settings.ts";

const decoder = brush("oil");

const invalid = (setting: string, code = "SETTING_INVALID") =>
	expect.objectContaining({ code, input: `settings.${setting}`, advice: expect.any(String) });

describe("settings for any decoder", () => {
	const validSettings = fc.record(
		{
			seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
			steps: fc.integer({ min: 1, max: 1000 }),
			guidanceScale: fc.double({ min: 0, max: 50, noNaN: true }),
			negativePrompt: fc.string(),
			width: fc.integer({ min: 1, max: 16_384 }),
			height: fc.integer({ min: 1, max: 16_384 }),
			scheduler: fc.string(),
		},
		{ requiredKeys: [] },
	);

	it("are taken inside their ranges, alone and together", () => {
		fc.assert(fc.property(validSettings, (settings) => checkSettings(settings)));
		checkSettings({});
		checkSettings({ seed: undefined, steps: undefined });
	});

	it.each([
		["seed", 0, 2 ** 32 - 1],
		["steps", 1, 1000],
		["guidanceScale", 0, 50],
		["width", 1, 16_384],
		["height", 1, 16_384],
	] as const)("hold %s from %d to %d and nothing outside", (name, min, max) => {
		checkSettings({ [name]: min });
		checkSettings({ [name]: max });
		const outside = fc.oneof(
			// Minus zero is zero.
			fc.double({ max: min, maxExcluded: true, noNaN: true }).filter((value) => value < min),
			fc.double({ min: max, minExcluded: true, noNaN: true }),
			fc.constant(Number.NaN),
		);
		fc.assert(
			fc.property(outside, (value) => {
				expect(() => checkSettings({ [name]: value })).toThrow(invalid(name));
			}),
		);
	});

	it.each(["seed", "steps", "width", "height"] as const)("take no fraction for %s", (name) => {
		fc.assert(
			fc.property(fc.double({ min: 1, max: 900, noNaN: true, noInteger: true }), (value) => {
				expect(() => checkSettings({ [name]: value })).toThrow(invalid(name));
			}),
		);
		checkSettings({ guidanceScale: 7.5 });
	});

	it("take a strength above 0 and up to 1", async () => {
		const picture = await plainPicture([1, 2, 3]);
		const inside = fc.double({ min: 0, minExcluded: true, max: 1, noNaN: true });
		fc.assert(fc.property(inside, (strength) => checkSettings({ initialImage: { picture, strength } })));
		checkSettings({ initialImage: { picture } });
		for (const strength of [0, -0.5, 1.001, Number.NaN, Number.POSITIVE_INFINITY]) {
			expect(() => checkSettings({ initialImage: { picture, strength } })).toThrow(invalid("initialImage.strength"));
		}
	});

	it("are named as their caller names them", () => {
		expect(() => checkSettings({ steps: 0 }, "input.settings[1]")).toThrow(
			expect.objectContaining({ input: "input.settings[1].steps" }),
		);
	});
});

describe("settings for one decoder", () => {
	it.each([
		["width", 7],
		["width", 72],
		["height", 12],
	] as const)("are refused with a %s of %i, which it cannot draw", (side, pixels) => {
		expect(() => checkFor(decoder, { [side]: pixels })).toThrow(invalid(side));
	});

	it("are taken in every size that it can draw", () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), (columns, rows) =>
				checkFor(decoder, { width: columns * 8, height: rows * 8 }),
			),
		);
	});

	it("are refused with a scheduler that it does not have, which names those it has", () => {
		expect(() => checkFor(decoder, { scheduler: "heun" })).toThrow(
			expect.objectContaining({
				code: "SCHEDULER_UNKNOWN",
				input: "settings.scheduler",
				advice: expect.stringContaining("ddim, euler"),
			}),
		);
		checkFor(decoder, { scheduler: "euler" });
	});

	it("may hold what it does not honour, in any form that another decoder takes", () => {
		const plain = brush("plain", { capabilities: { settings: ["seed"], schedulers: [] } });
		checkFor(plain, { width: 7, height: 13, scheduler: "heun" });
		expect(() => checkFor(plain, { width: -7 })).toThrow(invalid("width"));
	});
});

describe("a request", () => {
	it("holds what the decoder honours; each other setting becomes a warning", () => {
		const settings = { seed: 5, width: 16, guidanceScale: 3, negativePrompt: "fog" };
		expect(fitTo(decoder, "a cat", settings)).toEqual({
			request: { prompt: "a cat", seed: 5, width: 16 },
			warnings: ["guidanceScale", "negativePrompt"].map((setting) => ({
				type: "unsupported",
				setting,
				message: `Brush oil does not take ${setting}; it was ignored.`,
			})),
		});
	});

	it("loses no setting: each given one is in the request or in a warning, and none else", () => {
		const given = fc.record(
			{
				seed: fc.nat(),
				steps: fc.integer({ min: 1, max: 9 }),
				guidanceScale: fc.double({ min: 0, max: 9, noNaN: true }),
				negativePrompt: fc.string(),
				width: fc.constant(8),
				height: fc.constant(8),
				scheduler: fc.constant("ddim"),
			},
			{ requiredKeys: [] },
		);
		const honoured = fc.subarray<SettingName>([
			"seed",
			"steps",
			"guidanceScale",
			"negativePrompt",
			"width",
			"scheduler",
		]);
		fc.assert(
			fc.property(given, honoured, (settings, names) => {
				const some = brush("some", { capabilities: { settings: names } });
				const { request, warnings } = fitTo(some, "a cat", settings);
				const { prompt, seed, ...rest } = request;
				const warned = warnings.map(({ setting }) => setting as string);
				const honouredSeed = names.includes("seed") && settings.seed !== undefined ? ["seed"] : [];
				expect([...Object.keys(rest), ...honouredSeed, ...warned].sort()).toEqual(Object.keys(settings).sort());
				expect(rest).toEqual(Object.fromEntries(Object.entries(settings).filter(([name]) => name in rest)));
				expect([prompt, seed]).toEqual(["a cat", settings.seed ?? seed]);
			}),
		);
	});

	it("gets a seed where none is given, also of a decoder without seeds, and never a warning for it", () => {
		const seedless = brush("seedless", { capabilities: { settings: [] } });
		for (const settings of [{}, { seed: undefined }] as DecodeSettings[]) {
			const { request, warnings } = fitTo(seedless, "a cat", settings);
			expect(request.seed).toBeTypeOf("number");
			expect(warnings).toEqual([]);
		}
	});

	it("says so when a seed that was given counts for nothing", () => {
		const seedless = brush("seedless", { capabilities: { settings: [] } });
		const { request, warnings } = fitTo(seedless, "a cat", { seed: 5 });
		expect(request.seed).toBe(5);
		expect(warnings).toMatchObject([{ type: "unsupported", setting: "seed" }]);
	});

	it("leaves out what is undefined", () => {
		expect(fitTo(decoder, "a cat", { seed: 1, steps: undefined, negativePrompt: undefined })).toEqual({
			request: { prompt: "a cat", seed: 1 },
			warnings: [],
		});
	});
});

it("a random seed is one that every API takes", () => {
	const seeds = Array.from({ length: 200 }, randomSeed);
	expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31)).toBe(true);
	expect(new Set(seeds).size).toBeGreaterThan(190);
});

describe("a picture to start from", () => {
	const settings = ["seed", "width", "height", "initialImage"] as const;
	const honouring = brush("oil", { capabilities: { settings } });

	it("is left out with a warning that says why, where the decoder takes none", async () => {
		const initialImage = { picture: await plainPicture([1, 2, 3]) };
		const reasons = { initialImage: "The encoder is missing." };
		const unable = brush("oil", { capabilities: { reasons } });
		const { request, warnings } = fitTo(unable, "a cat", { seed: 1, initialImage });
		expect(request).toEqual({ prompt: "a cat", seed: 1 });
		expect(warnings).toEqual([
			{
				type: "unsupported",
				setting: "initialImage",
				message: "Brush oil does not take initialImage; it was ignored. The encoder is missing.",
			},
		]);
		expect(await initialImageFor(unable, { initialImage })).toEqual({});
	});

	it("has the size that will be drawn, and a strength", async () => {
		const picture = await plainPicture([9, 9, 9]);
		const { initialImage } = await initialImageFor(honouring, { width: 24, initialImage: { picture } });
		expect(initialImage).toMatchObject({ strength: 0.8, image: { kind: "pixels", width: 24, height: 8 } });
		expect(new Set(initialImage?.image.data)).toEqual(new Set([9]));
		const given = await initialImageFor(honouring, { initialImage: { picture, strength: 0.25 } });
		expect(given.initialImage).toMatchObject({ strength: 0.25, image: { width: 8, height: 8 } });
	});
});
