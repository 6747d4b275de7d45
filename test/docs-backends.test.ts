/**
 * The configurations of docs/backends.md can be pasted: their options are right, and their decoders are set up.
 *
 * @module
 */
import { rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contributionOf } from "../src/core/calling/plugins.ts";
import type { Config } from "../src/plugins/index.ts";
import { testHost } from "../src/plugins/testing/index.ts";
import { blocksOf, snippetsFolder, writeTypeScript } from "./snippets.ts";

const folder = snippetsFolder("backends");
const workflow = "dreams.json";
let configurations: readonly Config[];

beforeAll(async () => {
	const page = writeTypeScript("docs/backends.md", folder, (code) =>
		code.replace(`"${workflow}"`, JSON.stringify(join(folder, workflow))),
	);
	writeFileSync(
		join(folder, workflow),
		blocksOf("docs/backends.md").find(({ language }) => language === "json")?.code ?? "",
	);
	const files = (await readdir(page)).filter((file) => file.startsWith("line-"));
	configurations = await Promise.all(files.map(async (file) => (await import(join(page, file))).default as Config));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("each sets up its decoders, and limits none but those", async () => {
	const host = testHost();
	const ids: string[] = [];
	for (const { plugins = [], decoders: limits = {} } of configurations) {
		const given = await Promise.all(plugins.map((plugin) => contributionOf(plugin, host)));
		const own = given.flatMap(({ decoders = [] }) => decoders.map(({ id }) => id));
		expect(own).toEqual(expect.arrayContaining(Object.keys(limits)));
		ids.push(...own);
	}
	expect(ids).toEqual(expect.arrayContaining(["gpu-scenes-a", "gpt-image", "localai", "sd-cpp", "sd15", "dreams"]));
});
