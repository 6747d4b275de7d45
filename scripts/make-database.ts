/**
 * Makes the empty database that new data folders start from; a step of `npm run build`.
 *
 * @module
 */
import { existsSync } from "node:fs";

/** Loads a module of the built store. */
function built<Module>(name: string): Promise<Module> {
	return import(new URL(`../dist/src/core/store/${name}.js`, import.meta.url).href);
}

const { templateFolder } = await built<typeof import("../src/core/store/template.ts")>("template");
if (!existsSync(templateFolder())) {
	const { makeTemplate } = await built<typeof import("../src/core/store/database.ts")>("database");
	await makeTemplate();
}
