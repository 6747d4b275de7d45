/**
 * The parts of the built server that `npm run bench` measures.
 *
 * @module
 */
import { built } from "./dist.ts";

export { repository } from "./dist.ts";
export const { startServer } = await built<typeof import("../src/server.ts")>("server.js");
export const { readEncoderFolder } =
	await built<typeof import("../src/core/encoder/folder.ts")>("core/encoder/folder.js");
export const { bundledEncoders, bundledPlugins, examplePicture } =
	await built<typeof import("../src/bundled.ts")>("bundled.js");
