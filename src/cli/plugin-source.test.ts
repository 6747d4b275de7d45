import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { developmentSources } from "./plugin-source.ts";

let place: string;

beforeEach(() => {
	place = mkdtempSync(join(tmpdir(), "dediffusion-source-"));
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

/** A project with De-Diffusion installed, and what a plugin in a folder of it is given. */
function sourcesIn(project: object | undefined): object {
	const root = join(place, "node_modules", "dediffusion");
	mkdirSync(root, { recursive: true });
	writeFileSync(join(root, "package.json"), '{ "version": "1.2.3" }');
	if (project !== undefined) {
		writeFileSync(join(place, "package.json"), JSON.stringify(project));
	}
	return developmentSources(join(place, "painter"), root);
}

describe("a new plugin is developed with De-Diffusion", () => {
	it("of the clone that wrote it", () => {
		const clone = join(place, "De-Diffusion");
		expect(developmentSources(join(place, "mine", "painter"), clone)).toEqual({
			dediffusion: `file:${join("..", "..", "De-Diffusion")}`,
		});
	});

	it("from where the project has it, files by paths of the plugin's own", () => {
		const dependencies = {
			dediffusion: "file:../packed/dediffusion-1.2.3.tgz",
			"@dediffusion/stable-diffusion": "file:/packed/dediffusion-stable-diffusion-1.2.3.tgz",
			"dediffusion-other": "^1.0.0",
		};
		expect(sourcesIn({ dependencies })).toEqual({
			dediffusion: `file:${join("..", "..", "packed", "dediffusion-1.2.3.tgz")}`,
			"@dediffusion/stable-diffusion": "file:/packed/dediffusion-stable-diffusion-1.2.3.tgz",
		});
		expect(sourcesIn({ devDependencies: { dediffusion: "^1.0.0" } })).toEqual({ dediffusion: "^1.0.0" });
	});

	it("of the registry where no project says otherwise", () => {
		expect(sourcesIn(undefined)).toEqual({ dediffusion: "^1.2.3" });
		expect(sourcesIn({ name: "mine" })).toEqual({ dediffusion: "^1.2.3" });
	});
});
