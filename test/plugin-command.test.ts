/**
 * `dediffusion plugin`: what it writes builds outside of this repository, passes the kit and shows up in a server.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Plugin } from "../src/plugins/index.ts";
import { pictureOf, startService } from "../src/plugins/testing/index.ts";
import { house, run } from "./process.ts";
import { scratchFolder, serve } from "./server.ts";
import { repository } from "./snippets.ts";

const execute = promisify(execFile);

/** A folder in which packages of this repository are installed, as npm would. */
async function workshop(): Promise<string> {
	const folder = await scratchFolder();
	await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
	return folder;
}

test("plugin new writes a package that builds, passes its test, the check and works in a server", async () => {
	const folder = await workshop();
	expect(await run(["plugin", "new", "@me/dediffusion-fresh-paint"], { folder })).toMatchObject({
		code: 0,
		stderr: "",
	});
	const plugin = join(folder, "dediffusion-fresh-paint");
	await execute(process.execPath, [join(repository, "node_modules", "typescript", "bin", "tsc")], { cwd: plugin });
	await execute(process.execPath, ["--test", "src/index.test.ts"], { cwd: plugin });

	const service = await startService(async ({ body }) => {
		const image = await pictureOf(body.width, body.height, body);
		return { image: image.toString("base64") };
	});
	const configuration = join(plugin, "dediffusion.config.ts");
	const written = await readFile(configuration, "utf8");
	await writeFile(configuration, written.replace("http://127.0.0.1:9000", service.url));
	const { freshPaint } = await import(join(plugin, "dist", "index.js"));
	const server = await serve({ engine: { plugins: [freshPaint({ url: service.url })] } });
	try {
		const checked = await run(["plugin", "check", "fresh-paint"], { folder: plugin });
		expect(checked).toMatchObject({ code: 0, stdout: "fresh-paint keeps to the contract.\n" });
		const { data } = await server.ask(
			'{ decoders { id } decode(text: "a cat", decoder: "fresh-paint", settings: { width: 64 }) { picture { width height } } }',
		);
		expect(data).toEqual({
			decoders: [{ id: "fresh-paint" }],
			decode: { picture: { width: 64, height: 512 } },
		});
	} finally {
		await server.close();
		service.close();
	}
	// A compiler, two test runs and two servers, each a process of its own.
}, 600_000);

test.each([
	["encoder", "encoders", "{ encoders { id } }"],
	["metric", "metrics", "{ metrics { id health { ready } } }"],
	["language-model", "languageModels", "{ languageModels { id health { ready } } }"],
])(
	"plugin new writes %ss that build, pass their test and the check, and show up in a server",
	async (kind, sort, query) => {
		const folder = await workshop();
		const name = `dediffusion-fresh-${kind}`;
		expect(await run(["plugin", "new", name, "--kind", kind], { folder })).toMatchObject({ code: 0, stderr: "" });
		const plugin = join(folder, name);
		await execute(process.execPath, [join(repository, "node_modules", "typescript", "bin", "tsc")], { cwd: plugin });
		await execute(process.execPath, ["--test", "src/index.test.ts"], { cwd: plugin });

		const service = await startService(({ body: { image = "", images = [image, image], messages = [] } }) => ({
			text: `You said: ${messages.at(-1)?.text ?? image.length}`,
			distance: Math.abs(images[0].length - images[1].length),
		}));
		const configuration = join(plugin, "dediffusion.config.ts");
		const written = await readFile(configuration, "utf8");
		await writeFile(configuration, written.replace("http://127.0.0.1:9000", service.url));
		const [made] = Object.values(await import(join(plugin, "dist", "index.js"))) as ((options: object) => Plugin)[];
		const server = await serve({ engine: { plugins: made ? [made({ url: service.url })] : [] } });
		try {
			const checked = await run(["plugin", "check", `fresh-${kind}`, "--json"], { folder: plugin });
			expect(checked).toMatchObject({ code: 0 });
			expect(JSON.parse(checked.stdout)[sort]).toMatchObject([{ findings: [] }]);
			const { data } = await server.ask(query);
			expect(data[sort]).toContainEqual(expect.objectContaining({ id: `fresh-${kind}` }));
		} finally {
			await server.close();
			service.close();
		}
	},
	600_000,
);

test.each([
	["Fresh Paint", "no name of a package"],
	["../paint", "no name of a package"],
	["taken", "exists already"],
])("plugin new refuses the name %j", async (name, message) => {
	const folder = await scratchFolder();
	await mkdir(join(folder, "taken"));
	const { code, stderr } = await run(["plugin", "new", name], { folder });
	expect(code).toBe(1);
	expect(stderr).toContain(message);
});

test("plugin check finds what a decoder does otherwise, and says so with its exit code", async () => {
	const folder = await workshop();
	const decoder = `{
		id: "stubborn",
		name: "Stubborn",
		lane: "cpu",
		capabilities: {
			settings: ["seed"], deterministic: true, maxBatch: 1, schedulers: [], rewritesPrompt: false,
			size: { min: 8, max: 8, multipleOf: 8 }, defaults: { width: 8, height: 8 },
		},
		generate: async (requests) => requests.map(({ seed, prompt }) => ({
			status: "done", seed, effectivePrompt: prompt, warnings: [],
			image: { kind: "pixels", width: 8, height: 8, data: new Uint8Array(192) },
		})),
	}`;
	const plugin = `{ name: "stubborn", apiVersion: 1, setup: () => [${decoder}] }`;
	await writeFile(join(folder, "dediffusion.config.js"), `export default { plugins: [${plugin}] };\n`);
	await writeFile(join(folder, "package.json"), '{ "type": "module" }');
	const { code, stdout } = await run(["plugin", "check", "--json"], { folder });
	expect(code).toBe(1);
	const [report] = JSON.parse(stdout).decoders;
	expect(report.findings.map(({ rule }: { rule: string }) => rule)).toEqual(["seed", "abort"]);
});

test("plugin check draws with the decoders of a configuration, and knows no others", async () => {
	const unknown = await run(["plugin", "check", "nobody", "--config", house]);
	expect(unknown).toMatchObject({
		code: 1,
		stderr: expect.stringMatching(/nobody.*\[INPUT_INVALID\] Choose one of tiny/),
	});
	const tiny = await run(["plugin", "check", "tiny", "--config", house, "--prompt", "a red dog", "--steps", "2"]);
	expect(tiny).toMatchObject({ code: 0, stdout: "tiny keeps to the contract.\n" });
});
