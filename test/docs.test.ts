/**
 * The documentation is true: its queries are answered as it says, its code compiles, its commands exist.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { openaiChat } from "@dediffusion/openai-chat";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startChatServer } from "../plugins/openai-chat/src/testing/server.ts";
import { createProgram } from "../src/cli/program.ts";
import type { TestService } from "../src/plugins/testing/index.ts";
import { type RunningServer, startServer } from "../src/server.ts";
import { tinyEncoder, tinyPipeline } from "./fixtures.ts";
import { type Block, blocksOf, commandsOf, pages, repository, snippetsFolder, writeTypeScript } from "./snippets.ts";

/** Where the documentation says that the server is. */
const documentedServer = "http://127.0.0.1:4000";

const dataFolder = mkdtempSync(join(tmpdir(), "dediffusion-docs-"));
let server: RunningServer;
let chat: TestService;

beforeAll(async () => {
	chat = await startChatServer();
	server = await startServer(
		{
			engine: {
				plugins: [
					stableDiffusion({ models: [{ id: "scenes-a", folder: tinyPipeline }] }),
					openaiChat({ url: `${chat.url}/v1`, languageModels: [{ id: "qwen", model: "m" }] }),
				],
				encoders: [{ id: "dediffusion-scenes", folder: tinyEncoder }],
				inference: { providers: ["cuda", "cpu"], threads: 1 },
				dataFolder,
			},
			isBundled: false,
			host: "127.0.0.1",
			port: 0,
			token: undefined,
		},
		{ logLevel: "silent" },
	);
});

afterAll(async () => {
	await server?.close();
	chat?.close();
	rmSync(dataFolder, { recursive: true, force: true });
});

describe.each(pages.filter((page) => exchangesOf(page).length > 0))("the requests of %s", (page) => {
	for (const { line, request, variables, answer } of exchangesOf(page)) {
		test(`line ${line}`, async () => {
			const answered =
				request.language === "graphql"
					? await askGraphql(asServed(request.code), JSON.parse(asServed(variables ?? "{}")))
					: await curl(request.code.trim());
			if (answer === undefined) {
				expect(answered).not.toHaveProperty("errors");
				return;
			}
			const documented = JSON.parse(answer);
			expect(formOf(answered)).toEqual(formOf(documented));
			expect((answered as Answer).errors).toEqual(documented.errors);
			learnNames(documented, answered);
		});
	}
});

/** A request of a page with what follows it: its variables and its answer. */
interface Exchange {
	readonly line: number;
	readonly request: Block;
	readonly variables?: string | undefined;
	readonly answer?: string | undefined;
}

interface Answer {
	readonly data?: { readonly transferPrompt?: { readonly id: string } } | null;
	readonly errors?: readonly unknown[];
}

function exchangesOf(page: string): Exchange[] {
	const blocks = blocksOf(page);
	return blocks.flatMap((request, index): Exchange[] => {
		if (request.language !== "graphql" && !request.code.startsWith("curl ")) {
			return [];
		}
		const rest = blocks.slice(index + 1);
		const end = rest.findIndex(({ kind }) => kind !== "variables" && kind !== "answer");
		const attached = rest.slice(0, end < 0 ? rest.length : end);
		const codeOf = (wanted: string) => attached.find(({ kind }) => kind === wanted)?.code;
		return [{ line: request.line, request, variables: codeOf("variables"), answer: codeOf("answer") }];
	});
}

async function askGraphql(query: string, variables: object): Promise<unknown> {
	const response = await fetch(`${server.url}/graphql`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ query, variables }),
	});
	const answer = (await response.json()) as Answer;
	const comparison = answer.data?.transferPrompt?.id;
	if (comparison !== undefined) {
		await server.engine.comparisons.settled(comparison);
	}
	return answer;
}

/** What curl would do, for the options that the documentation uses. */
async function curl(command: string): Promise<unknown> {
	const { values, positionals } = parseArgs({
		args: wordsOf(command).slice(1),
		allowPositionals: true,
		options: { json: { type: "string" }, form: { type: "string", short: "F" } },
	});
	const address = (positionals[0] ?? "").replace(documentedServer, server.url);
	if (values.json !== undefined) {
		return askGraphql(JSON.parse(values.json).query, {});
	}
	const [name = "", file = ""] = (values.form ?? "").split("=@");
	const form = new FormData();
	form.append(name, new Blob([await readFile(join(repository, file))]), file);
	const response = await fetch(address, { method: "POST", body: form });
	return response.json();
}

function wordsOf(command: string): string[] {
	return (command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, "$2"));
}

/** The form of an answer: fields, kinds of values, words in capitals such as statuses, lists by their first entry. */
function formOf(value: unknown): unknown {
	if (Array.isArray(value)) {
		return value.slice(0, 1).map(formOf);
	}
	if (typeof value === "object" && value !== null) {
		return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, formOf(field)]));
	}
	const isWord = value === null || (typeof value === "string" && /^[A-Z_]+$/.test(value));
	return isWord ? value : typeof value;
}

/** What the pages call by a name that a server makes up, such as the id of a comparison, and what it is called here. */
const names = new Map<string, string>();

function learnNames(documented: unknown, answered: unknown): void {
	if (typeof documented !== "object" || documented === null) {
		return;
	}
	for (const [field, value] of Object.entries(documented)) {
		const actual = (answered as Record<string, unknown>)[field];
		if (typeof value === "string" && /^(id|\w*cursor)$/i.test(field)) {
			names.set(value, String(actual));
		}
		learnNames(value, actual ?? {});
	}
}

function asServed(code: string): string {
	return [...names].reduce((text, [documented, actual]) => text.replaceAll(documented, actual), code);
}

describe("the TypeScript of the pages", () => {
	const folder = snippetsFolder("docs");
	afterAll(() => rmSync(folder, { recursive: true, force: true }));

	test("compiles under the settings of this repository", async () => {
		for (const page of pages) {
			writeTypeScript(page, folder);
		}
		const config = { extends: join(repository, "tsconfig.json"), include: ["**/*.ts"], exclude: [] };
		writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
		const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
		const run = promisify(execFile)(process.execPath, [compiler, "--noEmit", "--project", folder]);
		await expect(run.catch(({ stdout }) => stdout)).resolves.toMatchObject({ stdout: "" });
	});

	test("uploads a picture and follows a comparison to its end", async () => {
		const client = writeTypeScript("docs/api.md", snippetsFolder("client"), (code) =>
			code.replaceAll(documentedServer, server.url),
		);
		const { ask } = await import(join(client, "client.ts"));
		const { upload } = await import(join(client, "upload.ts"));
		const { follow } = await import(join(client, "follow.ts"));
		try {
			const { id } = await upload(new Blob([await readFile(join(repository, "models", "example.png"))]));
			const { transferPrompt: comparison } = await ask(
				"mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id } }",
				{ input: { sources: [{ picture: { id } }], decoders: ["scenes-a"], settings: { steps: 2 } } },
			);
			const statuses: string[] = [];
			const show = ({ status }: { status: string }) => statuses.push(status);
			await follow(comparison.id, show, new AbortController().signal, 1);
			expect(statuses.at(-1)).toBe("DONE");
			await expect(upload(new Blob([]))).rejects.toMatchObject({ cause: { extensions: { code: "PICTURE_EMPTY" } } });
			await expect(ask("{ nothing }")).rejects.toMatchObject({ cause: { extensions: { code: "QUERY_INVALID" } } });
		} finally {
			rmSync(snippetsFolder("client"), { recursive: true, force: true });
		}
	});

	test("draws through the clients of docs/backends.md", async () => {
		const clients = writeTypeScript("docs/backends.md", snippetsFolder("backends"), (code) =>
			code.replaceAll(documentedServer, server.url),
		);
		try {
			const { draw } = await import(join(clients, "openai-client.ts"));
			expect((await draw("a heart")).data).toHaveLength(2);
			const { drawSeveral } = await import(join(clients, "ai-sdk-client.ts"));
			expect((await drawSeveral("a heart")).images).toHaveLength(2);
			const { drawAlone } = await import(join(clients, "ai-sdk-decoder.ts"));
			const { warnings, ...drawn } = await drawAlone(server.engine.decoders.get("scenes-a"), "a heart");
			expect(warnings).toEqual([]);
			expect(drawn.images).toHaveLength(4);
			expect(drawn.pictures.images.map(({ seed }: { seed: number }) => seed)).toEqual([1, 2, 3, 4]);
		} finally {
			rmSync(snippetsFolder("backends"), { recursive: true, force: true });
		}
	});

	test("names only what its room exports, in the shapes of docs/architecture.md", async () => {
		const shapes = blocksOf("docs/architecture.md").find(({ kind }) => kind === "shapes");
		expect(shapes).toBeDefined();
		for (const room of shapes?.code.split(/^\/\/ /m).slice(1) ?? []) {
			const [place = "", ...lines] = room.split("\n");
			const source = await sourceOf(place);
			for (const [, kind, name] of lines.join("\n").matchAll(/^(?:(interface) )?(\w+)/gm)) {
				expect(source, `${place} exports ${name}`).toMatch(
					kind === "interface"
						? new RegExp(`export (?:interface|type) ${name}\\b`)
						: new RegExp(`export (?:async )?function ${name}\\b`),
				);
			}
		}
	});
});

/** A file of `src`, or all files of a folder there, as one text. */
async function sourceOf(place: string): Promise<string> {
	const path = join(repository, "src", place);
	const files = path.endsWith(".ts") ? [path] : (await readdir(path)).map((name) => join(path, name));
	const sources = files.filter((file) => file.endsWith(".ts")).map((file) => readFile(file, "utf8"));
	return (await Promise.all(sources)).join("\n");
}

describe("the commands of the pages", () => {
	const commands = pages.flatMap((page) => commandsOf(page).map((command) => ({ page, command })));

	test.each(commands)("$command ($page)", async ({ command }) => {
		const withoutEnvironment = command.replace(/^(\w+)=(\$\([^)]*\)|\S+) /, (_, name: string) => {
			expect(["ONNXRUNTIME_NODE_INSTALL", "PAINTER_KEY", "DEDIFFUSION_TOKEN"]).toContain(name);
			return "";
		});
		for (const part of withoutEnvironment.split(" && ")) {
			await checkCommand(wordsOf(part));
		}
	});
});

async function checkCommand([program, ...words]: string[]): Promise<void> {
	switch (program) {
		case "npm":
			return checkScript(words);
		case "npx":
			return checkTool(words);
		case "python":
			return checkTraining(words);
		case "curl":
			return;
		default:
			throw new Error(`The documentation shows a program that nothing here checks: ${program}`);
	}
}

async function checkScript(words: readonly string[]): Promise<void> {
	const script = words[0] === "run" ? words[1] : words[0];
	if (script === "ci") {
		return;
	}
	if (script === "install") {
		for (const source of words.slice(1)) {
			const ours = source.replace(/^\.\.\/De-Diffusion/, repository);
			expect(ours === "zod" || existsSync(join(ours, "package.json")), source).toBe(true);
		}
		return;
	}
	const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
	expect(Object.keys(scripts)).toContain(script);
	if (script === "start") {
		await parseCli(["serve", ...words.slice(words.includes("--") ? words.indexOf("--") + 1 : words.length)]);
	}
}

async function checkTool([tool = "", ...words]: readonly string[]): Promise<void> {
	if (tool === "dediffusion") {
		await parseCli(words);
		return;
	}
	expect(existsSync(join(repository, "node_modules", ".bin", tool)), `${tool} is installed`).toBe(true);
	if (tool === "node") {
		expect(existsSync(join(repository, words[0] ?? "")), `${words[0]} exists`).toBe(true);
	}
}

/** Lets the real command line read its arguments and does nothing else. */
async function parseCli(words: readonly string[]): Promise<void> {
	const program = createProgram();
	let chosen = "";
	for (const [path, command] of leavesOf(program)) {
		command
			.exitOverride()
			.configureOutput({ writeErr: () => undefined })
			.action(() => {
				chosen = path;
			});
	}
	await program.exitOverride().parseAsync(words, { from: "user" });
	expect(chosen).not.toBe("");
	expect(words.join(" ").startsWith(chosen)).toBe(true);
}

/** The commands that do something, by the words that name them, e.g. `plugin new`. */
function leavesOf(command: Command, path = ""): [string, Command][] {
	return command.commands.flatMap((child): [string, Command][] => {
		const name = `${path} ${child.name()}`.trim();
		return child.commands.length === 0 ? [[name, child]] : leavesOf(child, name);
	});
}

/** Commands of training are looked up in its parser's source: Python is not part of these tests. */
async function checkTraining(words: readonly string[]): Promise<void> {
	expect(words.slice(0, 2)).toEqual(["-m", "dediffusion_training"]);
	const parser = await readFile(join(repository, "training", "src", "dediffusion_training", "__main__.py"), "utf8");
	const [command, ...options] = words.slice(2).filter((word, index) => index === 0 || word.startsWith("--"));
	for (const word of [command, ...options]) {
		expect(parser).toContain(`"${word}"`);
	}
}

describe("the other files that the pages show", () => {
	test("are JSON", () => {
		for (const { code, language } of pages.flatMap(blocksOf)) {
			if (language === "json") {
				expect(() => JSON.parse(code)).not.toThrow();
			}
		}
	});

	test("an encoder's config.json has the fields of a real one", async () => {
		const shown = blocksOf("docs/models.md").find(({ kind }) => kind === "encoder");
		const real = await readFile(join(tinyEncoder, "config.json"), "utf8");
		expect(formOf(JSON.parse(shown?.code ?? ""))).toEqual(formOf(JSON.parse(real)));
	});

	test("links lead to files that exist", () => {
		const missing = pages.flatMap((page) => {
			const links = readFileSync(join(repository, page), "utf8").matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g);
			const files = [...links].map(([, target = ""]) => target).filter((target) => !target.startsWith("http"));
			return files.filter((file) => !existsSync(join(repository, dirname(page), file)));
		});
		expect(missing).toEqual([]);
	});

	test("docs/dependencies.md has a line for each dependency and no other", async () => {
		const page = await readFile(join(repository, "docs", "dependencies.md"), "utf8");
		const listed = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
		const { dependencies, devDependencies } = await manifestIn(".");
		const plugins = await readdir(join(repository, "plugins"));
		const ofPlugins = await Promise.all(
			plugins.map(async (name) => (await manifestIn(`plugins/${name}`)).dependencies),
		);
		const all = [dependencies, devDependencies, ...ofPlugins].flatMap((list) => Object.keys(list ?? {}));
		const packages = new Set(all.filter((name) => !name.startsWith("@dediffusion/")));
		const manifest = await readFile(join(repository, "training", "pyproject.toml"), "utf8");
		const optimum = await readFile(join(repository, "training", "optimum", "requirements.in"), "utf8");
		const python = [...manifest.matchAll(/"([a-z0-9-]+)>=/g), ...optimum.matchAll(/^([a-z0-9-]+)[^=\n]*==/gm)];
		const pythonPackages = new Set(python.map(([, name]) => name));
		expect(listed.sort()).toEqual([...packages, ...pythonPackages].sort());
	});
});

interface Manifest {
	readonly dependencies?: Readonly<Record<string, string>>;
	readonly devDependencies?: Readonly<Record<string, string>>;
}

async function manifestIn(folder: string): Promise<Manifest> {
	return JSON.parse(await readFile(join(repository, folder, "package.json"), "utf8"));
}
