/**
 * The command line as people start it.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { plain } from "./pictures.ts";
import { house, run } from "./process.ts";
import { expectNoInsides } from "./refusals.ts";
import { scratchFolder } from "./server.ts";

const config = ["--config", house];
const example = join(import.meta.dirname, "..", "models", "example.png");

/** A folder with two pictures of one name. */
async function pictures() {
	const folder = await scratchFolder();
	const [one, other] = [join(folder, "cat.png"), join(folder, "more", "cat.png")];
	await mkdir(join(folder, "more"));
	await writeFile(one, await plain([255, 0, 0]).png().toBuffer());
	await writeFile(other, await plain([0, 0, 255]).png().toBuffer());
	return { folder, one, other };
}

test("encode prints the text alone, from a file or standard input, and with --json all of it", async () => {
	const { one } = await pictures();
	const [plainly, piped, json] = await Promise.all([
		run(["encode", one, ...config]),
		run(["encode", "-", ...config, "--length", "2"], { input: await readFile(one) }),
		run(["encode", one, ...config, "--json"]),
	]);
	expect(plainly).toMatchObject({ code: 0, stderr: "" });
	const { text, tokens, encoder } = JSON.parse(json.stdout);
	expect(plainly.stdout).toBe(`${text}\n`);
	expect(piped.stdout).toBe(`${text.split(" ").slice(0, 2).join(" ")}\n`);
	expect(encoder).toBe("tiny-encoder");
	expect(tokens.map((token: { text: string }) => token.text).join(" ")).toBe(text);
});

test("reconstruct writes the picture and says what it did", async () => {
	const { folder, one } = await pictures();
	const output = join(folder, "new", "out.png");
	const { code, stdout } = await run(["reconstruct", one, "-o", output, ...config, "--seed", "7", "--json"]);
	expect(code).toBe(0);
	const said = JSON.parse(stdout);
	expect(said).toMatchObject({ decoder: "tiny", seed: 7, output, warnings: [], effectivePrompt: said.text });
	expect(said.metrics.psnr).toBeGreaterThan(0);
	expect((await sharp(output).metadata()).format).toBe("png");
});

test("transfer draws with the steps that it is told", async () => {
	const { folder, one } = await pictures();
	const drawnIn = async (steps: string) => {
		const output = join(folder, `in-${steps}`);
		const args = ["transfer", one, "--seeds", "1", "--steps", steps, "-o", output, "--json", ...config];
		const { code, stdout } = await run(args);
		expect(code).toBe(0);
		return JSON.parse(stdout).cells[0];
	};
	const [few, many] = [await drawnIn("1"), await drawnIn("5")];
	expect([few.settings.steps, many.settings.steps]).toEqual([1, 5]);
	expect(few.picture).not.toBe(many.picture);
});

test("transfer writes a contact sheet, the comparison and its pictures", async () => {
	const { folder, one, other } = await pictures();
	const output = join(folder, "out");
	const args = ["transfer", one, other, "--text", "a cat", "--seeds", "1,2", "-o", output, ...config];
	const { code, stdout } = await run(args);
	expect(code).toBe(0);
	expect(stdout).toContain("6 of 6 pictures");
	const { status, cells } = JSON.parse(await readFile(join(output, "comparison.json"), "utf8"));
	expect(status).toBe("done");
	expect(cells).toHaveLength(6);
	for (const { picture } of cells) {
		expect((await sharp(join(output, "pictures", `${picture}.png`)).metadata()).format).toBe("png");
	}
	// Five rows would mean that files of one name share a row.
	const { height } = await sharp(join(output, "contact-sheet.png")).metadata();
	expect(height).toBe(28 + 6 * 204 + 12);
});

describe("a slip ends with exit code 1, a line on standard error and nothing on standard output:", () => {
	test.each<[string, readonly string[], RegExp]>([
		["a file that is not there", ["encode", "nowhere.png", ...config], /nowhere\.png.*ENOENT.*\[INPUT_INVALID\]/],
		["a file that is no picture", ["encode", house, ...config], /\[PICTURE_UNREADABLE\]/],
		[
			"an unknown decoder",
			["reconstruct", example, "-o", "x", "--decoder", "x", ...config],
			/\[DECODER_NOT_FOUND\].*tiny/,
		],
		["nothing to compare", ["transfer", ...config], /\[INPUT_INVALID\]/],
		["a configuration that is not there", ["encode", "x", "--config", "nowhere.ts"], /nowhere\.ts.*\[CONFIG_INVALID\]/],
		["a number that is none", ["encode", "x", "--length", "many"], /--length.*must be a number/],
		["an option that there is not", ["encode", "x", "--color"], /unknown option '--color'/],
		["a list with a gap", ["transfer", "--seeds", "1,,2"], /--seeds.*list/],
		["no output", ["reconstruct", "x"], /--output/],
		["a command that there is not", ["paint"], /paint/],
		["a port that is none", ["serve", "--port", "70000", ...config], /--port.*\[CONFIG_INVALID\].*65535/],
		[
			"a public address without a token",
			["serve", "--host", "0.0.0.0", ...config],
			/\[BIND_REFUSED\].*DEDIFFUSION_TOKEN/,
		],
	])("%s", async (_name, args, line) => {
		const { code, stdout, stderr } = await run(args);
		expect([code, stdout]).toEqual([1, ""]);
		expect(stderr).toMatch(line);
		expectNoInsides(stderr);
	});

	test("as JSON where JSON is wanted", async () => {
		const { code, stdout, stderr } = await run(["encode", "nowhere.png", ...config, "--json"]);
		expect([code, stdout]).toEqual([1, ""]);
		expect(JSON.parse(stderr)).toMatchObject({
			error: { code: "INPUT_INVALID", input: "nowhere.png", advice: expect.any(String), retryable: false },
		});
	});

	test("a length that the encoder does not have", async () => {
		const { one } = await pictures();
		const { code, stderr } = await run(["encode", one, "--length", "5", ...config]);
		expect(code).toBe(1);
		expect(stderr).toMatch(/\[INPUT_INVALID\].*4/);
	});

	test.each([
		[
			"dediffusion.config.ts",
			"const a: number = 1;\nexport default {\n  plugins: ];\n};\n",
			/dediffusion\.config\.ts:3 /,
		],
		["dediffusion.config.mjs", "const a = 1;\n\nundefinedThing();\n", /dediffusion\.config\.mjs:3 .*undefinedThing/],
		["dediffusion.config.mjs", "export default {\n  plugins: ];\n};\n", /dediffusion\.config\.mjs:2 /],
		[
			"dediffusion.config.js",
			"export default { dataFolder: 5, colour: 1 };\n",
			/config\.js.*colour.*dataFolder|config\.js.*dataFolder.*colour/s,
		],
		["dediffusion.config.js", "export const config = {};\n", /no default export.*defineConfig/],
	])("a broken %s: %j", async (name, content, line) => {
		const folder = await scratchFolder();
		await writeFile(join(folder, name), content);
		await writeFile(join(folder, "package.json"), '{ "type": "module" }');
		const { code, stdout, stderr } = await run(["serve", "--port", "0"], { folder });
		expect([code, stdout]).toEqual([1, ""]);
		expect(stderr).toMatch(line);
		expect(stderr).toContain("[CONFIG_INVALID]");
	});
});

test("help names every command", async () => {
	const { code, stdout } = await run(["--help"]);
	expect(code).toBe(0);
	for (const command of ["serve", "encode", "reconstruct", "transfer", "models", "plugin"]) {
		expect(stdout).toContain(command);
	}
});
