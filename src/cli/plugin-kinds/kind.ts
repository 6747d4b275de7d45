/**
 * What differs between the packages that `dediffusion plugin new` writes.
 *
 * @module
 */

/** The texts of two files. `factory` is the name of what the package exports. */
export interface PluginKind {
	/** For sentences about it, e.g. `An encoder`. */
	readonly what: string;
	readonly source: (name: string, id: string, factory: string) => string;
	readonly test: (factory: string) => string;
}

/** The environment variable of a plugin's key, e.g. `FRESH_PAINT_KEY`. */
export function variableOf(id: string): string {
	return `${id.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}_KEY`;
}
