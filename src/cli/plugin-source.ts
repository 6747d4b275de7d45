/**
 * Where the package of a new plugin gets De-Diffusion from, to be compiled and tested with.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

type Dependencies = Readonly<Record<string, string>>;

/**
 * The packages of De-Diffusion that a plugin in the folder needs for its development, from where those here came: the
 * folder of a clone, whatever the project says that they were installed into, or else the registry.
 *
 * @param root Folder of this package.
 */
export function developmentSources(folder: string, root: string = ownFolder()): Dependencies {
	const parts = root.split(sep);
	const within = parts.indexOf("node_modules");
	if (within < 0) {
		return { dediffusion: `file:${relative(folder, root)}` };
	}
	const project = parts.slice(0, within).join(sep);
	const installed = Object.entries(dependenciesOf(join(project, "package.json"))).filter(([name]) =>
		/^(@dediffusion\/.+|dediffusion)$/.test(name),
	);
	return installed.length > 0
		? Object.fromEntries(installed.map(([name, source]) => [name, movedTo(folder, source, project)]))
		: { dediffusion: `^${read(join(root, "package.json")).version}` };
}

function ownFolder(): string {
	return dirname(findPackageJSON(import.meta.url) ?? import.meta.dirname);
}

/** Paths of files are relative to the package that names them. */
function movedTo(folder: string, source: string, project: string): string {
	const path = source.replace(/^file:/, "");
	return path === source || isAbsolute(path) ? source : `file:${relative(folder, resolve(project, path))}`;
}

function dependenciesOf(file: string): Dependencies {
	if (!existsSync(file)) {
		return {};
	}
	const { dependencies, devDependencies } = read(file);
	return { ...devDependencies, ...dependencies };
}

interface PackageJson {
	readonly version?: string;
	readonly dependencies?: Dependencies;
	readonly devDependencies?: Dependencies;
}

function read(file: string): PackageJson {
	return JSON.parse(readFileSync(file, "utf8"));
}
