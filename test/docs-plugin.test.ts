/**
 * The plugin of docs/plugins.md works: against a drawing service such as the page describes, through the host that a server has.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createDecoders, type Decoders } from "../src/core/decoding/decoders.ts";
import type { DecodeProgress, DecoderLimits, Plugin } from "../src/plugins/index.ts";
import { encoderRules, languageModelRules, metricRules, rules } from "../src/plugins/testing/index.ts";
import { createTestClock, type TestClock } from "./clock.ts";
import { plainPicture } from "./pictures.ts";
import { scratchFolder } from "./server.ts";
import { blocksOf, repository, snippetsFolder, writeTypeScript } from "./snippets.ts";

type Factory = (options: { url: string; pollMs?: number; speed?: number }) => Plugin;

const folder = snippetsFolder("plugin");
let painter: Factory;
let checkPainter: () => Promise<void>;
let checkViewer: () => Promise<void>;
let clock: TestClock;
let service: Server;
let url: string;
/** What the service was asked, e.g. `POST /jobs`. */
let calls: string[];
/** Resolved when the service is told to stop. */
let stopped: PromiseWithResolvers<void>;
/** The body and the key of the last job. */
let job: { readonly prompt: string; readonly steps: number; readonly key: string | undefined };

beforeAll(async () => {
	const page = writeTypeScript("docs/plugins.md", folder);
	({ painter } = await import(join(page, "painter.ts")));
	({ checkPainter } = await import(join(page, "painter.check.ts")));
	({ checkViewer } = await import(join(page, "viewer.check.ts")));
	const image = Buffer.from((await plainPicture([200, 30, 30])).bytes).toString("base64");
	service = createServer(async (request, response) => {
		calls.push(`${request.method} ${request.url}`);
		const { status, headers = {}, body } = await answerTo(request, image);
		response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
	}).listen(0, "127.0.0.1");
	await once(service, "listening");
	url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});

beforeEach(() => {
	calls = [];
	stopped = Promise.withResolvers();
});

afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
	service.close();
	service.closeAllConnections();
});

interface ServiceAnswer {
	readonly status: number;
	readonly headers?: Record<string, string>;
	readonly body: unknown;
}

/** The service of the page. What it is asked to draw decides how it behaves. */
async function answerTo(request: IncomingMessage, image: string): Promise<ServiceAnswer> {
	if (request.method === "POST") {
		job = { ...((await json(request)) as typeof job), key: request.headers.authorization };
		return refusals[job.prompt] ?? { status: 200, body: { job: "1" } };
	}
	if (request.method === "DELETE") {
		stopped.resolve();
	}
	if (request.method === "DELETE" || job.prompt === "slow") {
		return { status: 200, body: { state: "running", progress: 0.5 } };
	}
	if (job.prompt === "secret") {
		return { status: 200, body: { state: "refused", reason: "against the rules" } };
	}
	const asked = calls.filter((call) => call === "GET /jobs/1").length;
	return asked < 3
		? { status: 200, body: { state: "running", progress: asked / 4 } }
		: { status: 200, body: { state: "done", image, prompt: `${job.prompt}, oil on canvas` } };
}

const refusals: Readonly<Record<string, ServiceAnswer>> = {
	"no key": { status: 401, body: "who are you?" },
	busy: { status: 429, headers: { "retry-after": "3" }, body: "later" },
	wrong: { status: 422, body: "what?" },
	broken: { status: 500, body: "oh" },
	babble: { status: 200, body: "<html>" },
	other: { status: 200, body: { task: 1 } },
};

async function decodersWith(options: { url?: string } = {}, limits: DecoderLimits = {}): Promise<Decoders> {
	const inference = {
		open(): never {
			throw new Error("A network plugin opens no graph.");
		},
	};
	const plugin = painter({ url, pollMs: 1, ...options });
	clock = createTestClock();
	return createDecoders(
		[plugin],
		{ inference, log: () => undefined },
		{ textLength: 1000, clock, decoders: { painter: limits } },
	);
}

test("draws, reports progress, warns of what it changed, and says what was really drawn", async () => {
	process.env.PAINTER_KEY = "key of the test";
	const progress: DecodeProgress[] = [];
	const decoders = await decodersWith();
	const settings = { seed: 7, steps: 80, scheduler: "ddim" };
	const decoding = await decoders.decode("a heart", "painter", settings, { onProgress: (now) => progress.push(now) });
	delete process.env.PAINTER_KEY;

	expect(job).toMatchObject({ prompt: "a heart", seed: 7, steps: 50, key: "Bearer key of the test" });
	expect(decoding).toMatchObject({ seed: 7, effectivePrompt: "a heart, oil on canvas", decoder: "painter" });
	expect(decoding.picture).toMatchObject({ mediaType: "image/png", width: 16, height: 16 });
	expect(decoding.warnings.map(({ type, setting }) => [type, setting])).toEqual([
		["unsupported", "scheduler"],
		["adjusted", "steps"],
	]);
	expect(progress.map(({ fraction }) => fraction)).toEqual([0.25, 0.5]);
});

test("says why a picture was kept back", async () => {
	const decoding = await (await decodersWith()).decode("secret", "painter", {});
	expect(decoding).toMatchObject({ filteredReason: "against the rules" });
	expect(decoding.picture).toBeUndefined();
});

test.each([
	["no key", { code: "BACKEND_AUTH" }],
	["busy", { code: "BACKEND_RATE_LIMITED", retryAfterMs: 3000 }],
	["wrong", { code: "BACKEND_INVALID_REQUEST" }],
	["broken", { code: "BACKEND_UNAVAILABLE" }],
	["babble", { code: "BACKEND_PROTOCOL" }],
	["other", { code: "BACKEND_PROTOCOL" }],
])("turns the answer to %j into an error with a code", async (prompt, error) => {
	await expect((await decodersWith()).decode(prompt, "painter", {})).rejects.toMatchObject(error);
});

test("says that nobody answers", async () => {
	const decoders = await decodersWith({ url: "http://127.0.0.1:1" });
	await expect(decoders.decode("a heart", "painter", {})).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
});

test("stops the service when nobody waits any more", async () => {
	const controller = new AbortController();
	const decoding = (await decodersWith()).decode(
		"slow",
		"painter",
		{},
		{
			signal: controller.signal,
			onProgress: () => controller.abort(),
		},
	);
	await expect(decoding).rejects.toMatchObject({ code: "ABORTED" });
	await stopped.promise;
});

test("tries again as often as the configuration says, after what the service asks for", async () => {
	const decoders = await decodersWith({}, { retries: 3 });
	await expect(decoders.decode("busy", "painter", {})).rejects.toMatchObject({ code: "BACKEND_RATE_LIMITED" });
	expect(calls).toEqual(Array.from({ length: 4 }, () => "POST /jobs"));
	expect(clock.slept).toEqual([3000, 3000, 3000]);
});

test("gives up when the time is up", async () => {
	const decoders = await decodersWith({}, { retries: 0 });
	const decoding = decoders.decode("slow", "painter", {}, { onProgress: () => clock.expire() });
	await expect(decoding).rejects.toMatchObject({ code: "BACKEND_TIMEOUT" });
	await stopped.promise;
});

test("passes the check of the page", async () => {
	await expect(checkPainter()).resolves.toBeUndefined();
});

test("passes the checks of encoders, metrics and language models with the viewer of the page", async () => {
	await expect(checkViewer()).resolves.toBeUndefined();
});

test("is a package that builds with the files of the page", async () => {
	const home = await scratchFolder();
	const blocks = blocksOf("docs/plugins.md");
	const block = (wanted: string) =>
		blocks.find(({ kind, code }) => kind === wanted || code.startsWith(`// ${wanted}\n`));
	await symlink(join(repository, "node_modules"), join(home, "node_modules"));
	await mkdir(join(home, "src"));
	for (const [file, wanted] of [
		["package.json", "package.json"],
		["tsconfig.json", "tsconfig.json"],
		["src/index.ts", "painter.ts"],
	] as const) {
		await writeFile(join(home, file), block(wanted)?.code ?? "");
	}
	const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
	await promisify(execFile)(process.execPath, [compiler], { cwd: home });
	const { exports } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
	const built = await import(join(home, exports["."].default));
	expect(built.painter({ url })).toMatchObject({ name: "painter", apiVersion: 1 });
	expect(await readFile(join(home, exports["."].types), "utf8")).toContain("painter");
});

test("has every rule of the kit on the page", () => {
	const page = readFileSync(join(repository, "docs", "plugins.md"), "utf8");
	const all = [rules, encoderRules, metricRules, languageModelRules].flatMap((some) => Object.entries(some));
	for (const [name, { meaning }] of all) {
		expect(page).toContain(`| \`${name}\` | ${meaning} |`);
	}
});

test("refuses options that it does not know, by name", () => {
	expect(() => painter({ url, speed: 9 })).toThrow(
		expect.objectContaining({ code: "CONFIG_INVALID", input: "painter" }),
	);
	expect(() => painter({ url: "nowhere" })).toThrow(/url/);
});
