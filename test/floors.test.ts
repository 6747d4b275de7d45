/**
 * The floors hold: imports go down only, and the rule that says so catches an import that does not.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import readRules from "dependency-cruiser/config-utl/extract-depcruise-config";
import { describe, expect, test } from "vitest";

const repository = fileURLToPath(new URL("..", import.meta.url));
const brokenHouse = fileURLToPath(new URL("fixtures/floors", import.meta.url));

async function violations(baseDir: string): Promise<{ rule: string; from: string; to: string }[]> {
	const rules = await readRules(`${repository}.dependency-cruiser.mjs`);
	const { output } = await cruise(["src", "plugins"], {
		...rules.options,
		baseDir,
		validate: true,
		ruleSet: { forbidden: rules.forbidden ?? [] },
	});
	return (output as ICruiseResult).summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}

describe("the floors", () => {
	test("hold in this repository", async () => {
		expect(await violations(repository)).toEqual([]);
	});

	test("catch each planted violation", async () => {
		const found = await violations(brokenHouse);
		for (const planted of [
			{ rule: "floor-plugins", from: "src/plugins/index.ts", to: "src/http/server.ts" },
			{ rule: "floor-core", from: "src/core/engine.ts", to: "src/schema/picture.ts" },
			{ rule: "floor-schema", from: "src/schema/picture.ts", to: "src/resolvers/picture.ts" },
			{ rule: "floor-resolvers", from: "src/resolvers/picture.ts", to: "src/http/server.ts" },
			{ rule: "floor-http", from: "src/http/server.ts", to: "src/server.ts" },
			{ rule: "plugins-are-composed-by-the-doors", from: "src/server.ts", to: "plugins/echo/src/index.ts" },
			{ rule: "plugins-use-the-sdk-alone", from: "plugins/echo/src/index.ts", to: "src/core/engine.ts" },
			{ rule: "plugins-are-strangers", from: "plugins/echo/src/index.ts", to: "plugins/parrot/src/index.ts" },
		]) {
			expect(found).toContainEqual(planted);
		}
		expect(found.map(({ rule }) => rule)).toContain("core-speaks-no-protocol");
		expect(found.map(({ rule }) => rule)).toContain("no-cycles");
	});

	test("leave a plugin that keeps to the SDK alone", async () => {
		const found = await violations(brokenHouse);
		expect(found.filter(({ from }) => from.startsWith("plugins/parrot/"))).toEqual([]);
	});
});
