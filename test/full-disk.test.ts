/**
 * A file system that is really full: a small one in memory, filled to the last byte.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmdirSync } from "node:fs";
import { appendFile, mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { Store } from "../src/core/store/store.ts";
import { brush, gatedPainting } from "./brush.ts";
import { refusalOf } from "./refusals.ts";
import { serve, type TestServer, until } from "./server.ts";

const disk = mkdtempSync(join(tmpdir(), "dediffusion-disk-"));
/** Enough for an empty data folder and a few pictures. */
const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], { encoding: "utf8" });
const whyNot = mount.status === 0 ? undefined : (mount.error?.message ?? mount.stderr).trim();

afterAll(() => {
	if (whyNot === undefined) {
		// Lazily: a server of a test that failed may still be there.
		spawnSync("umount", ["--lazy", disk]);
	}
	rmdirSync(disk);
});

const filler = join(disk, "filler");

async function fill(): Promise<void> {
	for (const size of [2 ** 20, 2 ** 12, 1]) {
		const block = Buffer.alloc(size);
		for (let isFull = false; !isFull; ) {
			await appendFile(filler, block).catch((error: NodeJS.ErrnoException) => {
				expect(error.code).toBe("ENOSPC");
				isFull = true;
			});
		}
	}
}

const makeRoom = () => rm(filler);

/** Noise, so that no two are alike and none is small. */
const noise = () =>
	sharp(randomBytes(64 * 64 * 3), { raw: { width: 64, height: 64, channels: 3 } })
		.png()
		.toBuffer();

const upload = ({ url }: TestServer, body: Buffer) =>
	fetch(`${url}/pictures`, { method: "POST", headers: { "content-type": "image/png" }, body: new Uint8Array(body) });

describe.skipIf(whyNot !== undefined)(`a full disk${whyNot === undefined ? "" : ` (skipped: ${whyNot})`}`, () => {
	test("keeps no picture, says so, still shows and draws, and takes pictures again once there is room", async () => {
		const dataFolder = join(disk, "data");
		const server = await serve({ dataFolder });
		const [before, after] = [await noise(), await noise()];
		const { id } = (await (await upload(server, before)).json()) as { id: string };
		await fill();

		expect(await refusalOf(await upload(server, after))).toMatchObject({
			status: 507,
			code: "STORAGE_FULL",
		});
		const leftovers = (await readdir(join(dataFolder, "blobs"), { recursive: true })).filter((name) => /\./.test(name));
		expect(leftovers).toEqual([]);
		// What needs no room goes on.
		expect(Buffer.from(await (await fetch(`${server.url}/pictures/${id}`)).arrayBuffer())).toEqual(before);
		const drawn = '{ decode(text: "a cat", decoder: "tiny", settings: { seed: 1 }) { picture { width KEPT } } }';
		expect((await server.ask(drawn.replace("KEPT", "dataUri"))).errors).toBeUndefined();
		expect(await refusalOf(await server.ask(drawn.replace("KEPT", "id")))).toMatchObject({ code: "STORAGE_FULL" });

		await makeRoom();
		expect((await upload(server, after)).status).toBe(201);
		expect((await server.ask(drawn.replace("KEPT", "id"))).errors).toBeUndefined();
		await server.close();
	});

	test("begins no comparison with a new picture; cells that cannot be kept fail with the reason, which outlives the server", async () => {
		const dataFolder = join(disk, "data");
		const painting = gatedPainting();
		const server = await serve({ dataFolder, decoders: [brush("oil", painting)] });
		const begin = (source: object) =>
			server.ask("mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id } }", {
				input: { sources: [source], decoders: ["oil"], seeds: [1, 2] },
			});
		const begun = await begin({ text: "a cat" });
		await painting.begun;
		await fill();
		const data = (await noise()).toString("base64");
		expect(await refusalOf(await begin({ picture: { data } }))).toMatchObject({ code: "STORAGE_FULL" });
		painting.release();
		const show = `{ comparison(id: "${begun.data.transferPrompt.id}") { status cells { status error { code } } } }`;
		const told = await until(server.url, show, ({ comparison }) => comparison.status === "DONE");
		const failed = { status: "FAILED", error: { code: "STORAGE_FULL" } };
		expect(told.data.comparison.cells).toEqual([failed, failed]);
		await server.close();

		const next = await serve({ dataFolder, decoders: [brush("oil")] });
		expect((await next.ask(show)).data).toEqual(told.data);
		await makeRoom();
		await next.close();
	});

	test("opens no new data folder, and says why", async () => {
		await fill();
		const folder = join(disk, "new");
		await mkdir(folder);
		await expect(Store.open(folder)).rejects.toMatchObject({ code: "STORAGE_FULL" });
		await makeRoom();
		await rm(folder, { recursive: true });
	});
});
