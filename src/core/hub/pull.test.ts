import {
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { checksumOf, commit, type Fault, startHub, type TestHub, type TestRepository } from "../../../test/hub.ts";
import { cachedSnapshots, hubCacheFolder, RepositoryCache } from "./cache.ts";
import { Hub, hubFrom } from "./hub.ts";
import { type PullOptions, type PullProgress, pullRepository } from "./pull.ts";

const repository = "someone/tiny";
const weights = "unet/model.onnx";
const token = "hf_aTokenOfTheTest";

/** Large enough to come in many pieces. */
const large = Buffer.from(Uint8Array.from({ length: 700_000 }, (_, index) => (index * index) >> 5));

const files = new Map([
	["README.md", Buffer.from("A model.")],
	["model_index.json", Buffer.from("{}")],
	["empty.txt", Buffer.alloc(0)],
	[weights, large],
	["unet/model.safetensors", Buffer.from("others")],
	...["a", "b", "c", "d"].map((name) => [`tokenizer/${name}.json`, Buffer.from(`"${name}"`)] as const),
]);

const opened: TestHub[] = [];
afterEach(() => {
	for (const hub of opened.splice(0)) hub.close();
});

async function hubWith(
	options: Partial<TestRepository> = {},
	faults: Readonly<Record<string, Fault>> = {},
): Promise<TestHub> {
	const hub = await startHub({ [repository]: { files, ...options } });
	opened.push(hub);
	for (const [path, fault] of Object.entries(faults)) hub.faults.set(path, fault);
	return hub;
}

function newCache(): string {
	const folder = mkdtempSync(join(tmpdir(), "dediffusion-hub-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	return folder;
}

const wanted = ["model_index.json", "empty.txt", weights, "tokenizer/d.json"];

const pull = (hub: TestHub, cache: string, options: Partial<PullOptions> = {}) =>
	pullRepository({ hub: new Hub({ endpoint: hub.url }), cache, repository, choose: async () => wanted, ...options });

const rangesOf = ({ requests }: TestHub) =>
	requests.filter(({ at, range }) => at === "store" && range !== "bytes=0-0").map(({ range }) => range);

const partialOf = (cache: string) =>
	`${new RepositoryCache(cache, repository).blob(checksumOf(weights, large))}.incomplete`;

describe("a repository", () => {
	it("comes into the layout of huggingface_hub, and only what was chosen", async () => {
		const [hub, cache] = [await hubWith(), newCache()];
		const pulled = await pull(hub, cache);
		const folder = join(cache, "models--someone--tiny");
		expect(pulled).toMatchObject({ commit, folder: join(folder, "snapshots", commit), files: wanted });
		expect(pulled.size).toBe(large.length + 2 + 3);
		expect(pulled.received).toBe(pulled.size);
		expect(readFileSync(join(folder, "refs", "main"), "utf8")).toBe(commit);
		expect(readdirSync(pulled.folder, { recursive: true }).sort()).toEqual([...wanted, "tokenizer", "unet"].sort());
		for (const path of wanted) {
			const content = files.get(path) as Buffer;
			const link = join(pulled.folder, path);
			expect(lstatSync(link).isSymbolicLink()).toBe(true);
			const up = "../".repeat(path.split("/").length + 1);
			expect(readlinkSync(link)).toBe(`${up}blobs/${checksumOf(path, content)}`);
			expect(readFileSync(link).equals(content)).toBe(true);
		}
		expect(await cachedSnapshots(cache)).toEqual([{ repository, commit, revisions: ["main"], folder: pulled.folder }]);
	});

	it("is not fetched twice, whoever brought it, under whichever revision", async () => {
		const [hub, cache] = [await hubWith({ revisions: ["refs/pr/1"] }), newCache()];
		const blob = new RepositoryCache(cache, repository).blob(checksumOf(weights, large));
		mkdirSync(dirname(blob), { recursive: true });
		writeFileSync(blob, large);
		expect((await pull(hub, cache)).received).toBe(2 + 3);
		hub.requests.length = 0;
		expect((await pull(hub, cache, { revision: "refs/pr/1" })).received).toBe(0);
		expect(hub.requests.filter(({ path }) => path.includes("/resolve/"))).toEqual([]);
		expect((await cachedSnapshots(cache))[0]?.revisions).toEqual(["main", "refs/pr/1"]);
	});

	it("is asked for in rounds, each with the files of the one before", async () => {
		const rounds: string[][] = [];
		await pull(await hubWith(), newCache(), {
			async choose(listed, folder) {
				expect(listed).toEqual([...files.keys()]);
				rounds.push(wanted.filter((path) => existsSync(join(folder, path))));
				return wanted.slice(0, rounds.length);
			},
		});
		expect(rounds).toEqual(wanted.map((_, index) => wanted.slice(0, index)).concat([wanted]));
	});

	it("may be brought by two at once", async () => {
		const [hub, cache] = [await hubWith(), newCache()];
		const [one, other] = await Promise.all([pull(hub, cache), pull(hub, cache)]);
		expect(one.folder).toBe(other.folder);
		for (const path of wanted) {
			expect(readFileSync(join(one.folder, path)).equals(files.get(path) as Buffer)).toBe(true);
		}
		expect(readdirSync(join(cache, "models--someone--tiny", "blobs"))).toHaveLength(wanted.length);
	});

	it("may be named by a commit, and then nothing points to it", async () => {
		const [hub, cache] = [await hubWith(), newCache()];
		await pull(hub, cache, { revision: commit });
		expect((await cachedSnapshots(cache))[0]?.revisions).toEqual([]);
	});

	it("tells how far each file is", async () => {
		const told: PullProgress[] = [];
		await pull(await hubWith(), newCache(), { onProgress: (progress) => told.push(progress) });
		const ofLarge = told.filter(({ path }) => path === weights).map(({ done }) => done);
		expect(ofLarge.length).toBeGreaterThan(1);
		expect(ofLarge).toEqual([...ofLarge].sort((a, b) => a - b));
		expect(told.at(-1)).toEqual({ path: "tokenizer/d.json", done: 3, size: 3 });
	});
});

describe("a connection that breaks", () => {
	it("is taken up again where it broke", async () => {
		const hub = await hubWith({}, { [weights]: { cutAfter: 250_000, times: 2 } });
		const pulled = await pull(hub, newCache());
		expect(readFileSync(join(pulled.folder, weights)).equals(large)).toBe(true);
		const [first, ...others] = rangesOf(hub);
		expect(first).toBeUndefined();
		expect(others).toHaveLength(2);
		const starts = others.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
		expect(starts[0]).toBeGreaterThan(0);
		expect(starts[1]).toBeGreaterThan(starts[0] as number);
		expect(pulled.received).toBe(large.length + 5);
	});

	it("ends the pull when nothing more comes; the next one goes on from there", async () => {
		const [hub, cache] = [await hubWith({}, { [weights]: { cutAt: 300_000 } }), newCache()];
		await expect(pull(hub, cache)).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			retryable: true,
			advice: expect.stringContaining("goes on where it stopped"),
		});
		expect(await cachedSnapshots(cache)).toMatchObject([{ revisions: [] }]);
		const kept = statSync(partialOf(cache)).size;
		expect(kept).toBeGreaterThan(0);
		hub.faults.clear();
		hub.requests.length = 0;
		const pulled = await pull(hub, cache);
		expect(rangesOf(hub)).toEqual([`bytes=${kept}-`]);
		expect(pulled.received).toBe(large.length - kept + 3);
		expect(readFileSync(join(pulled.folder, weights)).equals(large)).toBe(true);
	});

	it("begins anew at a hub that knows no ranges, and does not go on so for ever", async () => {
		const fault = { cutAfter: 250_000, ignoresRanges: true, times: 1 };
		const [hub, cache] = [await hubWith({}, { [weights]: fault }), newCache()];
		expect((await pull(hub, cache)).files).toContain(weights);
		const endless = await hubWith({}, { [weights]: { cutAfter: 250_000, ignoresRanges: true } });
		await expect(pull(endless, newCache())).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
	});
});

describe("a wrong checksum", () => {
	it("is an error, and nothing of the file stays", async () => {
		const [hub, cache] = [await hubWith({}, { [weights]: { isDamaged: true } }), newCache()];
		await expect(pull(hub, cache)).rejects.toMatchObject({ code: "DOWNLOAD_DAMAGED", input: weights });
		const names = readdirSync(dirname(partialOf(cache)));
		expect(names.filter((name) => name.startsWith(checksumOf(weights, large)))).toEqual([]);
		hub.faults.clear();
		expect((await pull(hub, cache)).files).toEqual(wanted);
	});

	it("is one of small files, too", async () => {
		const hub = await hubWith({}, { "tokenizer/d.json": { isDamaged: true } });
		await expect(pull(hub, newCache())).rejects.toMatchObject({ code: "DOWNLOAD_DAMAGED", input: "tokenizer/d.json" });
	});

	it.each([
		["other bytes", Buffer.alloc(300_000, 7)],
		["more than there should be", Buffer.alloc(900_000, 7)],
		["as many bytes as there should be", Buffer.alloc(large.length, 7)],
	])("of what lay there from an earlier time, %s, is mended by fetching all of it", async (_, earlier) => {
		const [hub, cache] = [await hubWith(), newCache()];
		mkdirSync(dirname(partialOf(cache)), { recursive: true });
		writeFileSync(partialOf(cache), earlier);
		const pulled = await pull(hub, cache);
		expect(readFileSync(join(pulled.folder, weights)).equals(large)).toBe(true);
		expect(rangesOf(hub).at(-1)).toBeUndefined();
	});
});

describe("a token", () => {
	it("opens a private repository, goes to the hub alone and not to where it redirects", async () => {
		const hub = await hubWith({ token });
		const { folder } = await pull(hub, newCache(), {
			hub: hubFrom({ HF_ENDPOINT: `${hub.url}/`, HF_TOKEN: `${token}\n` }),
		});
		expect(folder).toContain(commit);
		const seen = (at: string) =>
			new Set(hub.requests.filter((sent) => sent.at === at).map((sent) => sent.authorization));
		expect(seen("hub")).toEqual(new Set([`Bearer ${token}`]));
		expect(seen("store")).toEqual(new Set([undefined]));
	});

	it("may be one of a mirror's own", async () => {
		const hub = await hubWith({ token: "mirror-1234567" });
		const options = { hub: new Hub({ endpoint: hub.url, token: "mirror-1234567" }) };
		await expect(pull(hub, newCache(), options)).resolves.toMatchObject({ commit });
	});

	it("that is wrong is refused with BACKEND_AUTH and is not repeated", async () => {
		const hub = await hubWith();
		const pulling = pull(hub, newCache(), { hub: new Hub({ endpoint: hub.url, token: "nonsense-secret" }) });
		const error = await pulling.catch((refusal) => refusal);
		expect(error).toMatchObject({ code: "BACKEND_AUTH", input: "HF_TOKEN" });
		expect(error.message).toContain("Invalid credentials");
		expect(error.message).not.toContain("nonsense-secret");
	});

	it("is asked for where terms must be accepted", async () => {
		const hub = await hubWith({ token, isGated: true });
		await expect(pull(hub, newCache())).rejects.toMatchObject({
			code: "BACKEND_AUTH",
			advice: expect.stringContaining(`${hub.url}/${repository}`),
		});
	});
});

describe("is refused", () => {
	it("a repository that is not there", async () => {
		const hub = await hubWith();
		await expect(pull(hub, newCache(), { repository: "some/body" })).rejects.toMatchObject({
			code: "MODEL_NOT_FOUND",
			input: "repository",
			message: expect.stringContaining("some/body"),
		});
	});

	it("a revision that is not there", async () => {
		await expect(pull(await hubWith(), newCache(), { revision: "onnx" })).rejects.toMatchObject({
			code: "MODEL_NOT_FOUND",
			input: "revision",
			message: `${repository} has no revision onnx.`,
		});
	});

	it("a hub that cannot be reached", async () => {
		const hub = await hubWith();
		const closed = await startHub({});
		closed.close();
		await expect(pull(hub, newCache(), { hub: new Hub({ endpoint: closed.url }) })).rejects.toMatchObject({
			code: "BACKEND_UNAVAILABLE",
			input: closed.url,
			retryable: true,
		});
	});

	it.each([
		[429, "BACKEND_RATE_LIMITED"],
		[503, "BACKEND_UNAVAILABLE"],
	])("a file that is answered with %d", async (status, code) => {
		const hub = await hubWith({}, { [weights]: { status, body: "later" } });
		await expect(pull(hub, newCache())).rejects.toMatchObject({ code, message: expect.stringContaining("later") });
	});

	it("a path that leads out of the cache", async () => {
		const hub = await startHub({ [repository]: { files: new Map([["../../escape", Buffer.from("x")]]) } });
		opened.push(hub);
		const cache = newCache();
		await expect(pull(hub, cache, { choose: async (listed) => listed })).rejects.toMatchObject({
			code: "MODEL_INVALID",
		});
		expect(readdirSync(cache)).toEqual([]);
	});

	it.each([
		["repository", { repository: "../other" }],
		["repository", { repository: "a/b/c" }],
		["revision", { revision: "../../x" }],
	])("a name that is no %s: %j", async (input, options) => {
		await expect(pull(await hubWith(), newCache(), options)).rejects.toMatchObject({ code: "INPUT_INVALID", input });
	});

	it("an endpoint that is no address", () => {
		expect(() => new Hub({ endpoint: "huggingface" })).toThrow(
			expect.objectContaining({ code: "CONFIG_INVALID", input: "HF_ENDPOINT" }),
		);
	});

	it("a cache that cannot be written", async () => {
		const cache = join(newCache(), "file");
		writeFileSync(cache, "");
		await expect(pull(await hubWith(), cache)).rejects.toMatchObject({
			code: "STORAGE_FAILED",
			input: cache,
			advice: expect.stringContaining("HF_HUB_CACHE"),
		});
	});
});

it.each([
	[{ HF_HUB_CACHE: "/a", HUGGINGFACE_HUB_CACHE: "/b", HF_HOME: "/c" }, "/a"],
	[{ HUGGINGFACE_HUB_CACHE: "/b", HF_HOME: "/c" }, "/b"],
	[{ HF_HOME: "/c", XDG_CACHE_HOME: "/d" }, "/c/hub"],
	[{ XDG_CACHE_HOME: "/d", HF_HOME: "" }, "/d/huggingface/hub"],
])("finds the cache of %j in %s", (environment, folder) => {
	expect(hubCacheFolder(environment)).toBe(folder);
});
