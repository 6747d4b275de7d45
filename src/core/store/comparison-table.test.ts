import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { plainPicture } from "../../../test/pictures.ts";
import type { CellChange, CellRecord, ComparisonRecord } from "./records.ts";
import { Store } from "./store.ts";

const folder = await mkdtemp(join(tmpdir(), "comparisons-"));
const store = await Store.open(folder);
const table = store.comparisons;
const picture = await plainPicture([1, 2, 3]);
await store.putPicture(picture);

afterAll(async () => {
	await store.close();
	await rm(folder, { recursive: true });
});

/** Nobody deletes comparisons in the house, so the test ends those it made: what is left does not count as unfinished. */
afterEach(async () => {
	for (const { id } of await table.unfinished()) {
		await table.cancel(id);
	}
});

let made = 0;

/** A new comparison with planned cells, minutes after the last one unless it is told when. */
async function insert(change: Partial<ComparisonRecord> = {}, cellCount = 2): Promise<ComparisonRecord> {
	const id = change.id ?? `comparison-${made++}`;
	const comparison: ComparisonRecord = {
		id,
		createdAt: new Date(Date.UTC(2026, 0, 1, 0, made)),
		status: "pending",
		sources: [{ label: "cat", text: "a cat" }],
		cells: Array.from({ length: cellCount }, (_, position) => plannedCell(id, position)),
		...change,
	};
	await table.insert(comparison);
	return comparison;
}

const plannedCell = (comparison: string, position: number): CellRecord => ({
	id: `${comparison}:${position}`,
	position,
	source: 0,
	decoder: "oil",
	settings: { seed: position },
	status: "pending",
});

const cellsOf = async (id: string) => (await table.get(id))?.cells;

const drawn: CellChange = {
	status: "done",
	result: {
		seed: 1,
		effectivePrompt: "a cat",
		warnings: [{ type: "adjusted", setting: "width", message: "Rounded to 8." }],
		durationMs: 12.5,
	},
	picture: picture.id,
	metrics: { psnr: 21.12345678901234, ssim: 0.5 },
};

describe("a comparison", () => {
	it("is kept as it was planned, to the millisecond", async () => {
		const comparison = await insert({
			createdAt: new Date("2026-03-04T05:06:07.089Z"),
			sources: [
				{ label: "a picture", picture: picture.id, original: picture.id },
				{ label: "ünïcode 猫", text: 'quotes " and \\ and \n' },
			],
			cells: [
				{
					...plannedCell("planned", 0),
					source: 1,
					settings: {
						seed: 2 ** 32 - 1,
						steps: 4,
						guidanceScale: 7.5,
						negativePrompt: "",
						width: 64,
						height: 32,
						scheduler: "ddim",
					},
				},
			],
			id: "planned",
		});
		expect(await table.get("planned")).toEqual(comparison);
	});

	it("that nobody made is not there", async () => {
		expect(await table.get("nowhere")).toBeUndefined();
	});

	it("has its cells in the order of the plan, however they were given or changed", async () => {
		const cells = [3, 0, 11, 2, 1].map((position) => plannedCell("shuffled", position));
		await insert({ id: "shuffled", cells });
		await table.updateCell("shuffled", 2, { status: "running" });
		expect((await cellsOf("shuffled"))?.map(({ position }) => position)).toEqual([0, 1, 2, 3, 11]);
	});

	it("is kept whole or not at all", async () => {
		const cells = [plannedCell("torn", 0), plannedCell("torn", 0)];
		await expect(insert({ id: "torn", cells })).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		expect(await table.get("torn")).toBeUndefined();
	});

	it("is not made twice", async () => {
		const { id } = await insert();
		await expect(insert({ id })).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		expect(await cellsOf(id)).toHaveLength(2);
	});

	it("moves on in its status and learns the texts of its pictures", async () => {
		const { id } = await insert();
		const sources = [{ label: "cat", text: "a cat and a moon", picture: picture.id }];
		await table.setStatus(id, "running");
		await table.setSources(id, sources);
		expect(await table.get(id)).toMatchObject({ status: "running", sources });
	});
});

describe("a cell", () => {
	it("keeps what was drawn and measured", async () => {
		const { id } = await insert();
		await table.updateCell(id, 1, drawn);
		const [untouched, done] = (await cellsOf(id)) ?? [];
		expect(done).toEqual({ ...plannedCell(id, 1), ...drawn });
		expect(untouched).toEqual(plannedCell(id, 0));
	});

	it.each([
		["", { input: "settings.width", advice: "Use 64.", retryable: false }],
		[", also as earlier releases said it", {}],
	])("keeps why it failed%s", async (_, more) => {
		const { id } = await insert();
		const error = { code: "BACKEND_TIMEOUT", message: "The backend did not answer.", ...more };
		await table.updateCell(id, 0, { status: "failed", error });
		expect((await cellsOf(id))?.[0]).toEqual({ ...plannedCell(id, 0), status: "failed", error });
	});

	it("keeps why it has no picture, or only one measure", async () => {
		const { id } = await insert();
		const result = { seed: 1, effectivePrompt: "a cat", warnings: [], durationMs: 1, filteredReason: "Not safe." };
		await table.updateCell(id, 0, { status: "filtered", result });
		await table.updateCell(id, 1, { ...drawn, metrics: { psnr: null, ssim: 1 } });
		const [filtered, equal] = (await cellsOf(id)) ?? [];
		expect(filtered).toEqual({ ...plannedCell(id, 0), status: "filtered", result });
		expect(equal?.metrics).toEqual({ psnr: null, ssim: 1 });
	});

	it("keeps what it has when it only moves on", async () => {
		const { id } = await insert();
		await table.updateCell(id, 0, drawn);
		await table.updateCell(id, 0, { status: "running" });
		expect((await cellsOf(id))?.[0]).toEqual({ ...plannedCell(id, 0), ...drawn, status: "running" });
	});

	it("is not given a picture that is not kept", async () => {
		const { id } = await insert();
		const unknown = { ...drawn, picture: "0".repeat(64) };
		await expect(table.updateCell(id, 0, unknown)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
		expect((await cellsOf(id))?.[0]?.status).toBe("pending");
	});
});

describe("a comparison that is cancelled", () => {
	it("keeps its finished cells and ends the others", async () => {
		const { id } = await insert({}, 5);
		await table.updateCell(id, 0, drawn);
		await table.updateCell(id, 1, { status: "failed", error: { code: "INTERNAL", message: "It broke." } });
		await table.updateCell(id, 2, { status: "filtered" });
		await table.updateCell(id, 3, { status: "running" });
		await table.cancel(id);
		const comparison = await table.get(id);
		expect(comparison?.status).toBe("cancelled");
		expect(comparison?.cells.map(({ status }) => status)).toEqual([
			"done",
			"failed",
			"filtered",
			"cancelled",
			"cancelled",
		]);
		expect(comparison?.cells[0]).toEqual({ ...plannedCell(id, 0), ...drawn });
	});

	it("stays so when a cell that was on its way comes home", async () => {
		const { id } = await insert();
		await table.updateCell(id, 0, { status: "running" });
		await table.cancel(id);
		await table.updateCell(id, 0, drawn);
		expect((await cellsOf(id))?.[0]).toEqual({ ...plannedCell(id, 0), status: "cancelled" });
	});

	it("leaves all others alone", async () => {
		const [one, other] = [await insert(), await insert()];
		await table.cancel(one.id);
		expect(await table.get(other.id)).toEqual(other);
	});
});

it("unfinished comparisons are those that a stop left waiting or running, oldest first", async () => {
	const day = (date: number) => new Date(Date.UTC(2025, 0, date));
	await insert({ id: "late", createdAt: day(3), status: "running" });
	await insert({ id: "early", createdAt: day(1), status: "pending" });
	await insert({ id: "over", createdAt: day(2), status: "done" });
	await insert({ id: "ended", createdAt: day(2), status: "cancelled" });
	await insert({ id: "b", createdAt: day(2), status: "pending" });
	await insert({ id: "a", createdAt: day(2), status: "running" });
	const unfinished = await table.unfinished();
	expect(unfinished.map(({ id }) => id)).toEqual(["early", "a", "b", "late"]);
	expect(unfinished.every(({ cells }) => cells.length === 2)).toBe(true);
});

describe("pages", () => {
	/** All comparisons, page by page, by the places where they end. */
	async function walk(size: number): Promise<string[]> {
		const ids: string[] = [];
		let page = await table.page(size);
		for (;;) {
			ids.push(...page.comparisons.map(({ id }) => id));
			expect(page.comparisons.length).toBeLessThanOrEqual(size);
			expect(page.total).toBe(await table.count());
			const last = page.comparisons.at(-1);
			if (!page.hasNext || last === undefined) return ids;
			expect(page.comparisons).toHaveLength(size);
			page = await table.page(size, { createdAt: last.createdAt, id: last.id });
		}
	}

	it("show every comparison once, newest first, whatever their size, also those of the same moment", async () => {
		for (let index = 0; index < 6; index++) {
			await insert({ createdAt: new Date(Date.UTC(2026, 5, 1, 0, 0, 0, Math.floor(index / 3))) });
		}
		const all = (await table.page(1000)).comparisons;
		const newestFirst = all.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1));
		expect(all).toEqual(newestFirst);
		await fc.assert(
			fc.asyncProperty(fc.integer({ min: 1, max: all.length + 1 }), async (size) => {
				expect(await walk(size)).toEqual(all.map(({ id }) => id));
			}),
			{ numRuns: 8 },
		);
	});

	it("hold the whole comparisons", async () => {
		const comparison = await insert({ createdAt: new Date(Date.UTC(2027, 0, 1)) }, 3);
		expect((await table.page(1)).comparisons).toEqual([comparison]);
	});

	it("go on where the last one ended, though a newer comparison came meanwhile", async () => {
		const before = await table.page(2);
		const last = before.comparisons[1] as ComparisonRecord;
		await insert({ createdAt: new Date(Date.UTC(2028, 0, 1)) });
		const next = await table.page(1000, last);
		expect(next.comparisons.map(({ id }) => id)).not.toContain(before.comparisons[0]?.id);
		expect(next.comparisons).toHaveLength(before.total - 2);
		expect(next.total).toBe(before.total + 1);
	});

	it("after the oldest comparison are empty", async () => {
		expect(await table.page(5, { createdAt: new Date(0), id: "" })).toMatchObject({ comparisons: [], hasNext: false });
	});
});
