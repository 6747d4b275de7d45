/**
 * The command line goes before the environment, that before the file, and all before the defaults.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { loadConfiguration } from "./configuration.ts";

async function folderWith(
	files: Readonly<Record<string, string>> = {},
	name = "dediffusion-configuration-",
): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), name));
	onTestFinished(() => rm(folder, { recursive: true }));
	for (const [name, content] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
		await writeFile(join(folder, name), content);
	}
	return folder;
}

const load = (folder: string, more: Parameters<typeof loadConfiguration>[0] = {}) =>
	loadConfiguration({ folder, environment: {}, ...more });

const full = `export default {
	plugins: [],
	encoders: [{ id: "mine", folder: "models/mine" }],
	dataFolder: "data",
	server: { host: "localhost", port: 5000 },
};`;

test("without a file there are the bundled models, on port 4000 of this machine", async () => {
	const folder = await folderWith();
	const { engine, ...doors } = await load(folder);
	expect(doors).toEqual({ isBundled: true, host: "127.0.0.1", port: 4000, token: undefined });
	expect(engine.dataFolder).toBe(join(folder, ".dediffusion"));
	expect(engine.folder).toBe(folder);
	expect(engine.encoders.map(({ id }) => id)).toEqual(["dediffusion-scenes"]);
	expect(engine.plugins.map(({ name }) => name)).toEqual(["@dediffusion/stable-diffusion"]);
});

test("paths of a file are relative to it", async () => {
	const folder = await folderWith({ "dediffusion.config.js": full });
	const { engine, ...doors } = await load(folder);
	expect(doors).toEqual({ isBundled: false, host: "localhost", port: 5000, token: undefined });
	expect(engine).toMatchObject({
		plugins: [],
		encoders: [{ id: "mine", folder: join(folder, "models", "mine") }],
		dataFolder: join(folder, "data"),
		// What plugins are lent for the paths in their options.
		folder,
	});
});

test("the environment goes before the file, the command line before the environment", async () => {
	const folder = await folderWith({ "other.js": full });
	const environment = {
		DEDIFFUSION_CONFIG: "other.js",
		DEDIFFUSION_HOST: "127.0.0.2",
		DEDIFFUSION_PORT: "6000",
		DEDIFFUSION_DATA: "elsewhere",
		DEDIFFUSION_TOKEN: "t",
	};
	const fromEnvironment = await load(folder, { environment });
	expect(fromEnvironment).toMatchObject({ host: "127.0.0.2", port: 6000, token: "t", isBundled: false });
	expect(fromEnvironment.engine.dataFolder).toBe(join(folder, "elsewhere"));
	const fromCommand = await load(folder, { environment, host: "::1", port: 0, dataFolder: "/here" });
	expect(fromCommand).toMatchObject({ host: "::1", port: 0, token: "t" });
	expect(fromCommand.engine.dataFolder).toBe("/here");
});

test("an empty port or token is none", async () => {
	const environment = { DEDIFFUSION_PORT: "", DEDIFFUSION_TOKEN: "" };
	expect(await load(await folderWith(), { environment })).toMatchObject({ port: 4000, token: undefined });
});

test.each(["http", "-1", "65536", "80.5"])("DEDIFFUSION_PORT=%s is no port", async (value) => {
	await expect(load(await folderWith(), { environment: { DEDIFFUSION_PORT: value } })).rejects.toMatchObject({
		code: "CONFIG_INVALID",
		input: "DEDIFFUSION_PORT",
		advice: expect.stringContaining("65535"),
	});
});

test.each([-1, 65_536, 80.5])("--port %d is no port", async (port) => {
	await expect(load(await folderWith(), { port })).rejects.toMatchObject({ code: "CONFIG_INVALID", input: "--port" });
});

test("a file that is named must be there", async () => {
	const folder = await folderWith();
	const file = join(folder, "nowhere.ts");
	await expect(load(folder, { file: "nowhere.ts" })).rejects.toMatchObject({ code: "CONFIG_INVALID", input: file });
});

test.each([
	["{ colour: 1 }", "colour"],
	["{ server: { port: 70000 } }", "server.port"],
	["{ encoders: [] }", "encoders"],
	['{ encoders: [{ id: "", folder: "x" }] }', "encoders[0].id"],
	['{ encoders: [{ id: "a", folder: undefined }] }', "encoders[0].folder"],
	["{ plugins: [{}] }", "plugins[0]"],
	["{ inference: { providers: ['magic'] } }", "inference.providers[0]"],
	["{ limits: { textLength: 0 } }", "limits.textLength"],
	["5", "object"],
])("the value at fault is named in %s", async (config, name) => {
	const folder = await folderWith({ "dediffusion.config.mjs": `export default ${config};` });
	const file = join(folder, "dediffusion.config.mjs");
	await expect(load(folder)).rejects.toMatchObject({
		code: "CONFIG_INVALID",
		input: file,
		message: expect.stringContaining(name),
	});
});

test.each(["plain-", "with spaces & ünïcode "])(
	"a file that breaks in the folder %s… is named with its line",
	async (name) => {
		const broken = {
			"throws.mjs": '\n\nthrow new Error("There is no key.");\nexport default {};\n',
			"syntax.ts": "export default {\n\tplugins: [\n};\n",
			"enum.ts": "\nenum Device { Cpu }\nexport default {};\n",
			"import.ts": 'import "./nowhere.ts";\nexport default {};\n',
		};
		const folder = await folderWith(broken, name);
		expect(await failuresInNode(folder, Object.keys(broken))).toMatchObject([
			{ code: "CONFIG_INVALID", input: join(folder, "throws.mjs:3"), message: expect.stringContaining("no key") },
			{ code: "CONFIG_INVALID", input: join(folder, "syntax.ts:3"), message: expect.stringContaining("xpected") },
			{ code: "CONFIG_INVALID", input: join(folder, "enum.ts:2"), message: expect.stringContaining("enum") },
			{ code: "CONFIG_INVALID", input: join(folder, "import.ts"), message: expect.stringContaining("nowhere.ts") },
		]);
	},
);

test("a file in the wrong surroundings is told what they lack", async () => {
	const files = {
		"package.json": '{ "type": "commonjs" }',
		"script.ts": 'import "node:fs";\nexport default {};\n',
		"painter.mts": 'import "dediffusion-painter";\nexport default {};\n',
	};
	const folder = await folderWith(files);
	expect(await failuresInNode(folder, ["script.ts", "painter.mts"])).toMatchObject([
		{ code: "CONFIG_INVALID", advice: expect.stringContaining('"type": "module"') },
		{ code: "CONFIG_INVALID", advice: "Install it there: npm install dediffusion-painter." },
	]);
});

/** What loading each file fails with in Node itself, whose words for a broken file a test runner's loader replaces. */
async function failuresInNode(folder: string, files: readonly string[]): Promise<unknown> {
	const program = `
		import { loadConfiguration } from ${JSON.stringify(new URL("configuration.ts", import.meta.url).href)};
		const failures = ${JSON.stringify(files)}.map((file) =>
			loadConfiguration({ folder: ${JSON.stringify(folder)}, file, environment: {} }).catch(
				({ code, input, message, advice }) => ({ code, input, message, advice }),
			),
		);
		console.log(JSON.stringify(await Promise.all(failures)));
	`;
	const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
	return JSON.parse(stdout);
}

test("a file without a default export is told how to write one", async () => {
	const folder = await folderWith({ "dediffusion.config.ts": "export const plugins: string[] = [];\n" });
	await expect(load(folder)).rejects.toMatchObject({
		code: "CONFIG_INVALID",
		input: join(folder, "dediffusion.config.ts"),
		advice: expect.stringContaining("export default defineConfig"),
	});
});
