/**
 * A plan has one cell for each combination, in a fixed order.
 *
 * @module
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { plainPicture } from "../../../test/pictures.ts";
import { planComparison, type Wanted } from "./plan.ts";

const now = new Date(0);
const wanted: Wanted = {
	sources: [
		{ label: "one", text: "a cat" },
		{ label: "two", picture: "f00" },
	],
	decoders: ["ink", "oil"],
	seeds: [7, 3],
	guidanceScales: [],
	settings: {},
};

const planned = (change: Partial<Wanted> = {}, maxCells = 400) =>
	planComparison({ ...wanted, ...change }, "c1", now, maxCells);

test("orders cells by source, decoder, guidance scale and seed, as they were named", () => {
	const { cells, ...comparison } = planned({ guidanceScales: [5, 1] });
	expect(comparison).toEqual({ id: "c1", createdAt: now, status: "pending", sources: wanted.sources });
	const combinations = cells.map(({ source, decoder, settings }) => [
		source,
		decoder,
		settings.guidanceScale,
		settings.seed,
	]);
	expect(combinations).toEqual([
		[0, "ink", 5, 7],
		[0, "ink", 5, 3],
		[0, "ink", 1, 7],
		[0, "ink", 1, 3],
		[0, "oil", 5, 7],
		[0, "oil", 5, 3],
		[0, "oil", 1, 7],
		[0, "oil", 1, 3],
		[1, "ink", 5, 7],
		[1, "ink", 5, 3],
		[1, "ink", 1, 7],
		[1, "ink", 1, 3],
		[1, "oil", 5, 7],
		[1, "oil", 5, 3],
		[1, "oil", 1, 7],
		[1, "oil", 1, 3],
	]);
	expect(cells.map(({ id, position, status }) => [id, position, status])).toEqual(
		cells.map((_, index) => [`c1:${index}`, index, "pending"]),
	);
});

test("has as many cells as there are combinations, all different", () => {
	const some = <Value>(value: fc.Arbitrary<Value>) => fc.uniqueArray(value, { minLength: 1, maxLength: 4 });
	fc.assert(
		fc.property(
			some(fc.string()),
			some(fc.nat()),
			fc.uniqueArray(
				fc.float({ min: 0, max: 50, noNaN: true }).map((scale) => scale + 0),
				{ maxLength: 3 },
			),
			(decoders, seeds, guidanceScales) => {
				const { cells } = planned({ decoders, seeds, guidanceScales });
				expect(cells).toHaveLength(2 * decoders.length * seeds.length * Math.max(1, guidanceScales.length));
				const keys = cells.map(({ source, decoder, settings }) => JSON.stringify([source, decoder, settings]));
				expect(new Set(keys).size).toBe(cells.length);
			},
		),
	);
});

test("shares settings among all cells; lists of their own go before them", () => {
	const settings = { seed: 1, guidanceScale: 9, steps: 4, negativePrompt: undefined };
	expect(planned({ settings }).cells[1]?.settings).toStrictEqual({ seed: 3, guidanceScale: 9, steps: 4 });
	const own = planned({ settings, guidanceScales: [2] });
	expect(own.cells[0]?.settings).toStrictEqual({ seed: 7, guidanceScale: 2, steps: 4 });
});

test.each(["sources", "decoders", "seeds"] as const)("is refused when %s is empty", (name) => {
	expect(() => planned({ [name]: [] })).toThrow(
		expect.objectContaining({ code: "INPUT_INVALID", input: `input.${name}`, advice: `Give at least one of ${name}.` }),
	);
});

test.each([{ decoders: ["ink", "oil", "ink"] }, { seeds: [1, 1] }, { guidanceScales: [2, 3, 2] }])(
	"is refused when it names something twice: %o",
	(change) => {
		const [name] = Object.keys(change);
		expect(() => planned(change)).toThrow(expect.objectContaining({ code: "INPUT_INVALID", input: `input.${name}` }));
	},
);

test("is refused when it has more cells than are allowed, and says how many", () => {
	expect(planned({}, 8).cells).toHaveLength(8);
	expect(() => planned({}, 7)).toThrow(
		expect.objectContaining({ code: "COMPARISON_TOO_LARGE", message: expect.stringMatching(/8 cells.* 7\b/) }),
	);
});

test("keeps the picture to start from by its id, and how much of it is drawn anew", async () => {
	const picture = await plainPicture([1, 2, 3]);
	const { cells } = planned({ settings: { initialImage: { picture, strength: 0.4 } } });
	expect(cells.map(({ settings }) => settings.initialImage)).toEqual(
		cells.map(() => ({ picture: picture.id, strength: 0.4 })),
	);
	const [silent] = planned({ settings: { initialImage: { picture } } }).cells;
	expect(silent?.settings.initialImage).toEqual({ picture: picture.id, strength: 0.8 });
	expect(planned().cells[0]?.settings).not.toHaveProperty("initialImage");
});
