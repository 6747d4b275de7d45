/**
 * The built server: `npm run bench` builds first, and what is measured is what is deployed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

export const repository: string = fileURLToPath(new URL("..", import.meta.url));

/** Loads a module of `dist/src`. @param path As in `src`, with the ending `.js`. */
function built<Module>(path: string): Promise<Module> {
	return import(new URL(`../dist/src/${path}`, import.meta.url).href);
}

export const { startServer } = await built<typeof import("../src/server.ts")>("server.js");
export const { readEncoderFolder } =
	await built<typeof import("../src/core/encoder/folder.ts")>("core/encoder/folder.js");
export const { bundledEncoders, bundledPlugins, examplePicture } =
	await built<typeof import("../src/bundled.ts")>("bundled.js");
