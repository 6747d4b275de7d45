/**
 * A server's end, ordered or not: a new process takes up what it left.
 *
 * @module
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { plain } from "./pictures.ts";
import { startProcess } from "./process.ts";
import { ask, scratchFolder, until } from "./server.ts";

/** A service that paints seeds 1 and 2 at once and withholds all others until it is told. */
async function openPainter() {
	const asked: number[] = [];
	const withheld = new Map<number, ServerResponse>();
	const file = await plain([1, 2, 3], 8).png().toBuffer();
	let isOpen = false;
	const server = createServer((request, response) => {
		const seed = Number(request.url?.slice(1));
		asked.push(seed);
		if (isOpen || seed <= 2) {
			response.end(file);
		} else {
			withheld.set(seed, response);
		}
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => {
		server.close();
		server.closeAllConnections();
	});
	return {
		environment: { PAINTER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
		asked,
		withheld,
		open() {
			isOpen = true;
			asked.length = 0;
		},
	};
}

const seeds = [1, 2, 3, 4, 5, 6];
const begin = `mutation { transferPrompt(input: { sources: [{ text: "a cat" }], decoders: ["painter"], seeds: [${seeds}] }) { id } }`;
const show = (id: string) =>
	`{ comparison(id: "${id}") { status cells { id status decoding { picture { id } durationMs } } } }`;

interface Cell {
	readonly status: string;
}

test.each([
	["SIGKILL", null],
	["SIGTERM", 0],
] as const)(
	"after %s (exit code %s) a new process draws what was not finished, and nothing twice",
	async (signal, code) => {
		const dataFolder = await scratchFolder();
		const painter = await openPainter();
		const before = await startProcess(dataFolder, painter);
		const { id } = (await ask(before.url, begin)).data.transferPrompt;
		const half = await until(before.url, show(id), ({ comparison }) => {
			const statuses = comparison.cells.map(({ status }: Cell) => status);
			return statuses.filter((status: string) => status === "DONE").length === 2 && painter.withheld.size === 4;
		});
		expect(half.data.comparison).toMatchObject({ status: "RUNNING" });
		expect(await before.end(signal)).toBe(code);

		painter.open();
		const after = await startProcess(dataFolder, painter);
		const { data } = await until(after.url, show(id), ({ comparison }) => comparison.status === "DONE");
		expect(data.comparison.cells.slice(0, 2)).toEqual(half.data.comparison.cells.slice(0, 2));
		expect(data.comparison.cells.map(({ status }: Cell) => status)).toEqual(seeds.map(() => "DONE"));
		expect(painter.asked.sort()).toEqual([3, 4, 5, 6]);
		expect(await after.end("SIGTERM")).toBe(0);
	},
);
