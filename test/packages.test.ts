/**
 * What is packed is all that is needed: installed far from this repository, with the dependencies that each package
 * declares and no others, everything runs.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { access, constants, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { scratchFolder } from "./server.ts";
import { repository } from "./snippets.ts";

const execute = promisify(execFile);

interface Packed {
	readonly name: string;
	/** Where its files lie in this repository. */
	readonly home: string;
	readonly files: readonly string[];
	readonly manifest: Manifest;
}

interface Manifest {
	readonly bin?: Readonly<Record<string, string>>;
	readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
	readonly dependencies: Readonly<Record<string, string>>;
}

let packages: readonly Packed[];

beforeAll(async () => {
	const { stdout } = await execute(
		"npm",
		["pack", "--dry-run", "--json", "--ignore-scripts", "--workspaces", "--include-workspace-root"],
		{ cwd: repository, maxBuffer: 2 ** 26, shell: process.platform === "win32" },
	);
	const packed = Object.values(JSON.parse(stdout)) as { name: string; files: { path: string }[] }[];
	packages = await Promise.all(
		packed.map(async ({ name, files }) => {
			const home = name === "dediffusion" ? repository : join(repository, "plugins", name.replace("@dediffusion/", ""));
			const { default: manifest } = await import(join(home, "package.json"), { with: { type: "json" } });
			return { name, home, files: files.map(({ path }) => path), manifest };
		}),
	);
});

/** A project in which all packages are installed, as npm would do it. */
async function project(): Promise<string> {
	const folder = await scratchFolder();
	const modules = join(folder, "node_modules");
	for (const { name, home, files } of packages) {
		for (const file of files) {
			const target = join(modules, name, file);
			await mkdir(dirname(target), { recursive: true });
			await cp(join(home, file), target);
		}
	}
	const own = new Set(packages.map(({ name }) => name));
	const declared = packages.flatMap(({ manifest }) => Object.keys(manifest.dependencies));
	for (const name of new Set([...declared, "typescript", "@types/node"].filter((name) => !own.has(name)))) {
		await mkdir(dirname(join(modules, name)), { recursive: true });
		await symlink(join(repository, "node_modules", name), join(modules, name));
	}
	await writeFile(join(folder, "package.json"), '{ "type": "module", "dependencies": { "dediffusion": "^0.1.0" } }');
	return folder;
}

test("what is built can be run as a command, though npm makes it one only when it installs", async () => {
	const commands = packages.flatMap(({ home, manifest }) =>
		Object.values(manifest.bin ?? {}).map((path) => join(home, path)),
	);
	expect(commands.length).toBeGreaterThan(0);
	await Promise.all(commands.map((command) => access(command, constants.X_OK)));
});

test("each package ships what it exports, and neither tests nor sources", () => {
	expect(packages.length).toBeGreaterThan(8);
	for (const { name, files, manifest } of packages) {
		const promised = [...Object.values(manifest.exports).flatMap(Object.values), ...Object.values(manifest.bin ?? {})];
		expect(files, name).toEqual(expect.arrayContaining(promised.map((path) => path.replace("./", ""))));
		expect(
			files.filter((file) => /\.(test|map|tsbuildinfo)\b|^(test|training|bench|plugins)\/|(?<!\.d)\.ts$/.test(file)),
		).toEqual([]);
	}
});

test("installed elsewhere, the command line works with every plugin, and so does a new plugin", async () => {
	const folder = await project();
	const modules = join(folder, "node_modules");
	const cli = join(modules, "dediffusion", "dist", "src", "cli.js");
	const dediffusion = (...args: string[]) => execute(process.execPath, [cli, ...args], { cwd: folder });

	const { stdout: text } = await dediffusion("encode", join(modules, "dediffusion", "models", "example.png"));
	expect(text).toContain("sun");

	const plugins = packages.filter(({ name }) => name.startsWith("@dediffusion/")).map(({ name }) => name);
	await writeFile(
		join(folder, "dediffusion.config.ts"),
		`${plugins.map((name, index) => `import * as plugin${index} from "${name}";`).join("\n")}
		import { automatic1111 } from "@dediffusion/automatic1111";
		import { defineConfig } from "dediffusion/plugin";
		export const all: object[] = [${plugins.map((_, index) => `plugin${index}`)}];
		export default defineConfig({ plugins: [automatic1111({ id: "webui" })] });\n`,
	);
	const { models } = JSON.parse((await dediffusion("models", "list", "--json")).stdout);
	expect(models.map(({ name, source }: Record<string, string>) => `${name} ${source}`)).toEqual([
		"dediffusion-scenes bundled",
		"webui configured",
		"scenes-a bundled",
		"scenes-b bundled",
	]);

	await dediffusion("plugin", "new", "painter");
	const painter = join(folder, "painter");
	await execute(process.execPath, [join(modules, "typescript", "bin", "tsc")], { cwd: painter });
	await execute(process.execPath, ["--test", "src/index.test.ts"], { cwd: painter });
	const { default: manifest } = await import(join(painter, "package.json"), { with: { type: "json" } });
	expect(manifest.devDependencies).toMatchObject({ dediffusion: "^0.1.0" });
	// A data folder needs the database's tables, which are no JavaScript.
	const args = ["transfer", "--text", "a star", "--decoders", "webui", "--seeds", "1", "--json"];
	const failed = await dediffusion(...args).catch((error: { stdout: string }) => error);
	expect(JSON.parse(failed.stdout).cells).toMatchObject([{ error: { code: "BACKEND_UNAVAILABLE" } }]);
});
