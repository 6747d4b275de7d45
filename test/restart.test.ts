/**
 * What is stored outlives its server, and what was begun is finished by the next one.
 *
 * @module
 */
import { expect, test } from "vitest";
import type { Decoder } from "../src/plugins/index.ts";
import { brush, paint } from "./brush.ts";
import { plainPicture } from "./pictures.ts";
import { scratchFolder, serve, until } from "./server.ts";

const show = (id: string) => `{ comparison(id: "${id}") {
	id createdAt status progress
	cells { id status settings { seed } decoding { picture { id dataUri } durationMs seed } metrics { psnr ssim } }
} }`;

test("a finished comparison reads the same after a restart", async () => {
	const dataFolder = await scratchFolder();
	const data = Buffer.from((await plainPicture([50, 60, 70])).bytes).toString("base64");
	const before = await serve({ dataFolder });
	const started = await before.ask("mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id } }", {
		input: { sources: [{ picture: { data } }], decoders: ["tiny"], seeds: [1, 2] },
	});
	const { id } = started.data.transferPrompt;
	const told = await until(before.url, show(id), ({ comparison }) => comparison.status === "DONE");
	await before.close();

	const after = await serve({ dataFolder });
	expect((await after.ask(show(id))).data).toEqual(told.data);
	await after.close();
});

test("an ordered stop leaves unfinished cells to the next start, which draws those alone", async () => {
	const dataFolder = await scratchFolder();
	const begun = Promise.withResolvers<void>();
	/** Draws the first seed, and of the others none before its time is up. */
	const interrupted: Decoder["generate"] = async (requests, { signal }) => {
		if (requests[0]?.seed !== 1) {
			begun.resolve();
			await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("interrupted"))));
		}
		return requests.map(paint);
	};
	const capabilities = { maxBatch: 1 };
	const before = await serve({ dataFolder, decoders: [brush("oil", { generate: interrupted, capabilities })] });
	const started = await before.ask(
		'mutation { transferPrompt(input: { sources: [{ text: "a cat" }], decoders: ["oil"], seeds: [1, 2, 3] }) { id } }',
	);
	const { id } = started.data.transferPrompt;
	await begun.promise;
	const [finished] = (await before.ask(show(id))).data.comparison.cells;
	expect(finished.status).toBe("DONE");
	await before.close();

	const seeds: number[] = [];
	const generate: Decoder["generate"] = async (requests) => {
		seeds.push(...requests.map(({ seed }) => seed));
		return requests.map(paint);
	};
	const after = await serve({ dataFolder, decoders: [brush("oil", { generate, capabilities })] });
	const { data } = await until(after.url, show(id), ({ comparison }) => comparison.status === "DONE");
	expect(seeds).toEqual([2, 3]);
	expect(data.comparison.cells[0]).toEqual(finished);
	expect(data.comparison.cells.map(({ status }: { status: string }) => status)).toEqual(["DONE", "DONE", "DONE"]);
	await after.close();
});

test("cells of a decoder that is gone fail, and the comparison ends", async () => {
	const dataFolder = await scratchFolder();
	const never: Decoder["generate"] = (_requests, { signal }) =>
		new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("interrupted"))));
	const before = await serve({ dataFolder, decoders: [brush("oil", { generate: never })] });
	const started = await before.ask(
		'mutation { transferPrompt(input: { sources: [{ text: "a cat" }], decoders: ["oil"] }) { id } }',
	);
	await before.close();

	const after = await serve({ dataFolder });
	const query = `{ comparison(id: "${started.data.transferPrompt.id}") { status cells { error { code } } } }`;
	const { data } = await until(after.url, query, ({ comparison }) => comparison.status === "DONE");
	expect(data.comparison.cells).toEqual([{ error: { code: "DECODER_NOT_FOUND" } }]);
	await after.close();
});

test("a decoder that never gives up holds nobody up, and its cell is drawn at the next start", async () => {
	const begun = Promise.withResolvers<void>();
	let asked = 0;
	const deaf = brush("deaf", {
		lane: "network",
		generate: (requests) => {
			asked += requests.length;
			if (asked === 2) {
				begun.resolve();
			}
			return new Promise(() => undefined);
		},
	});
	const dataFolder = await scratchFolder();
	const before = await serve({ dataFolder, decoders: [deaf], graceMs: 50 });
	const transfer = 'mutation { transferPrompt(input: { sources: [{ text: "a cat" }], decoders: ["deaf"] }) { id } }';
	const { id } = (await before.ask(transfer)).data.transferPrompt;
	const cut = expect(before.ask(`{ decode(text: "a cat", decoder: "deaf") { seed } }`)).rejects.toThrow("fetch failed");
	await begun.promise;
	await before.close();
	await cut;

	const after = await serve({ dataFolder, decoders: [brush("deaf")] });
	const { data } = await until(after.url, show(id), ({ comparison }) => comparison.status === "DONE");
	expect(data.comparison.cells).toMatchObject([{ status: "DONE" }]);
	await after.close();
});
