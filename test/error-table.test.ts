/**
 * docs/errors.md says what the table of error codes says.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorTable, errorTableFile } from "../scripts/write-error-table.ts";
import { errorCodes } from "../src/plugins/index.ts";

test("docs/errors.md is what `npx node scripts/write-error-table.ts` writes", () => {
	expect(readFileSync(errorTableFile, "utf8")).toBe(errorTable());
});

test("each code has a row of its own", () => {
	for (const code of Object.keys(errorCodes)) {
		expect(
			errorTable()
				.split("\n")
				.filter((line) => line.startsWith(`| \`${code}\` |`)),
		).toHaveLength(1);
	}
});
