import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../dist.ts";
import { pageOf } from "./page.ts";
import type { Results } from "./results.ts";
import { sample } from "./testing/sample.ts";

const docs = join(repository, "docs");

describe("the page", () => {
	it("of made-up numbers is the one that was looked at", async () => {
		await expect(pageOf(sample)).toMatchFileSnapshot("fixtures/page.md");
	});

	it("says why only where somebody has written it", () => {
		expect(pageOf(sample)).toContain("## Why\n\n`scenes-b` was trained for fewer steps.\n\n## Decoders");
		expect(pageOf({ ...sample, notes: "\n" })).not.toContain("## Why");
	});

	it("shows plain guidance only where the other is rescaled", () => {
		const { plain: _, ...transfer } = sample.transfer;
		const setting = { ...sample.setting, guidanceRescale: 0 };
		const plain = pageOf({ ...sample, setting, transfer });
		expect(pageOf(sample)).toContain("The same with plain guidance");
		expect(plain).not.toContain("The same with plain guidance");
		expect(plain).toContain("- Guidance is plain.\n");
	});

	it("shows tokens that are no words", () => {
		const text = { ...sample.text, wholeWords: 0.99, pieces: ["ing", "~"] };
		expect(pageOf({ ...sample, text })).toContain("Tokens that are no whole words: `ing`, `~`.");
	});

	it("has tables whose rows are as long as their heads", () => {
		const tables = pageOf(sample)
			.split("\n\n")
			.filter((block) => block.startsWith("| "));
		expect(tables.length).toBeGreaterThan(8);
		for (const table of tables) {
			const cells = table
				.trimEnd()
				.split("\n")
				.map((row) => row.split(" | ").length);
			expect(new Set(cells).size).toBe(1);
		}
	});

	// From the day on which the models' own numbers are committed.
	if (existsSync(join(docs, "results.json"))) {
		it("in docs/ is the one that docs/results.json gives", async () => {
			const results: Results = JSON.parse(await readFile(join(docs, "results.json"), "utf8"));
			expect(await readFile(join(docs, "results.md"), "utf8")).toBe(pageOf(results));
		});
	}
});
