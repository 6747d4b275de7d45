/**
 * Cells are drawn decoder by decoder, as many at once as the decoder takes.
 *
 * @module
 */
import { expect, test } from "vitest";
import { brush } from "../../../test/brush.ts";
import type { CellRecord } from "../store/records.ts";
import { forEachAtOnce, laneRuns } from "./lane-run.ts";

const decoders = [
	brush("local", { lane: "gpu", capabilities: { maxBatch: 3 } }),
	brush("remote", { lane: "network", capabilities: { maxBatch: 2 } }),
];
const decoderOf = (id: string) => decoders.find((decoder) => decoder.id === id);

function cell(position: number, decoder: string, status: CellRecord["status"] = "pending"): CellRecord {
	return { id: `c:${position}`, position, source: 0, decoder, settings: { seed: 1 }, status };
}

test("cells of one decoder go together, in their order", () => {
	const cells = [cell(0, "local"), cell(1, "remote"), cell(2, "local"), cell(3, "gone")];
	const runs = laneRuns(cells, decoderOf);
	expect(runs.map(({ lane, cells, atOnce }) => [lane, cells.map(({ position }) => position), atOnce])).toEqual([
		["gpu", [0, 2], 3],
		["network", [1], 8],
		["network", [3], 4],
	]);
});

test("cells that an earlier run finished are left alone", () => {
	const statuses = ["done", "filtered", "failed", "cancelled", "pending", "running"] as const;
	const cells = statuses.map((status, position) => cell(position, "local", status));
	expect(laneRuns(cells, decoderOf).flatMap(({ cells }) => cells.map(({ status }) => status))).toEqual([
		"pending",
		"running",
	]);
});

test("so many items are worked on at once, and no more", async () => {
	const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
	const begun: number[] = [];
	const work = forEachAtOnce(
		gates,
		2,
		async (gate) => {
			begun.push(gates.indexOf(gate));
			await gate.promise;
		},
		() => false,
	);
	for (const [index, { resolve }] of gates.entries()) {
		expect(begun).toEqual(gates.map((_, place) => place).slice(0, index + 2));
		resolve();
		await new Promise(setImmediate);
	}
	await work;
	expect(begun).toEqual([0, 1, 2, 3, 4]);
});

test("no item is begun after a stop", async () => {
	const begun: number[] = [];
	await forEachAtOnce(
		[1, 2, 3],
		1,
		async (item) => void begun.push(item),
		() => begun.length === 2,
	);
	expect(begun).toEqual([1, 2]);
});
