/**
 * Where the built server is: benchmarks and measurements build first, and what they measure is what is deployed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

// As `dediffusion serve` has it.
process.env.NODE_ENV ??= "production";

export const repository: string = fileURLToPath(new URL("..", import.meta.url));

/** Loads a module of `dist/src`. @param path As in `src`, with the ending `.js`. */
export function built<Module>(path: string): Promise<Module> {
	return import(new URL(`../dist/src/${path}`, import.meta.url).href);
}
