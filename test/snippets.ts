/**
 * What the documentation shows as code: fenced blocks and commands.
 *
 * @module
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository: string = fileURLToPath(new URL("..", import.meta.url));

/** The documentation, by its paths in the repository. */
export const pages: readonly string[] = [
	"README.md",
	"CONTRIBUTING.md",
	...readdirSync(join(repository, "docs"))
		.filter((name) => name.endsWith(".md"))
		.map((name) => `docs/${name}`),
	...readdirSync(join(repository, "plugins")).map((name) => `plugins/${name}/README.md`),
];

/** A fenced block; its fence is opened by three backticks, the language and, for some, what kind of block it is. */
export interface Block {
	readonly language: string;
	/** Empty where the fence names the language alone. */
	readonly kind: string;
	readonly code: string;
	/** Line of the fence, from 1. */
	readonly line: number;
}

const fence = /^```(\S+) ?(\S*)\n(.*?)^```$/gms;

export function blocksOf(page: string): Block[] {
	const text = readFileSync(join(repository, page), "utf8");
	return [...text.matchAll(fence)].map(({ 1: language = "", 2: kind = "", 3: code = "", index }) => ({
		language,
		kind,
		code,
		line: text.slice(0, index).split("\n").length,
	}));
}

/** Lines of shell blocks, and indented lines that begin like a command. */
export function commandsOf(page: string): string[] {
	const shell = blocksOf(page)
		.filter(({ language }) => language === "sh")
		.flatMap(({ code }) => code.trim().split("\n"));
	const prose = readFileSync(join(repository, page), "utf8").replace(fence, "");
	const indented = [...prose.matchAll(/^ {4}((?:\w+=.+ )?(?:npm|npx|node|curl|python) .*)$/gm)].map(
		([, command = ""]) => command,
	);
	return [...shell, ...indented].map((line) => line.replace(/\s+#.*$/, ""));
}

/**
 * Writes a page's TypeScript as files of a folder of its own: under the name in the first line, where there is one.
 *
 * @param edit Applied to each, e.g. to put another address in.
 * @returns The page's folder.
 */
export function writeTypeScript(page: string, parent: string, edit: (code: string) => string = (code) => code): string {
	const folder = join(parent, basename(page, ".md"));
	mkdirSync(folder, { recursive: true });
	for (const { code, line, language, kind } of blocksOf(page)) {
		if (language === "ts" && kind === "") {
			const name = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `line-${line}.ts`;
			writeFileSync(join(folder, name), edit(code));
		}
	}
	return folder;
}

/** A folder for snippets inside of the repository, where its packages are found, and outside of what Git sees. */
export function snippetsFolder(name: string): string {
	return join(repository, "dist", "snippets", name);
}
