/**
 * A model hub on this machine: Hugging Face's protocol over real HTTP, with a store of large files at another origin,
 * and with the faults that networks have.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A request that the hub or its store was sent. */
export interface HubRequest {
	readonly at: "hub" | "store";
	readonly path: string;
	readonly authorization: string | undefined;
	readonly range: string | undefined;
}

/** A repository of the hub. */
export interface TestRepository {
	readonly files: ReadonlyMap<string, Buffer>;
	/** What its branches and tags point to, besides `main`. */
	readonly revisions?: readonly string[];
	/** Who does not bring this token is told what strangers are told. */
	readonly token?: string;
	/** Strangers are told that there are terms to accept. */
	readonly isGated?: boolean;
}

/** What goes wrong with a large file. */
export interface Fault {
	/** The connection breaks after so many bytes of each answer. */
	cutAfter?: number;
	/** The connection breaks at this place of the file, so that nothing beyond it ever comes. */
	cutAt?: number;
	/** How many answers it concerns; default: all. */
	times?: number;
	/** One byte is another than it should be. */
	isDamaged?: boolean;
	/** Ranges are not known: every answer is the whole file. */
	ignoresRanges?: boolean;
	/** Answers with this status and this body. */
	status?: number;
	body?: string;
}

export interface TestHub {
	/** For HF_ENDPOINT. */
	readonly url: string;
	readonly requests: HubRequest[];
	/** By the paths of files. */
	readonly faults: Map<string, Fault>;
	close(): void;
}

/** The commit that every repository here is at. */
export const commit = "0123456789abcdef0123456789abcdef01234567";

/** Entries of a page of a listing: few, so that there are several pages. */
const pageLength = 5;

/** All files below a folder, by their paths with slashes. */
export function filesBelow(folder: string): Map<string, Buffer> {
	const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
	const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
	return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

const isLarge = (path: string) => /\.(onnx|onnx_data|pb|safetensors)$/.test(path);

/** What the hub knows content by: SHA-256 for large files, Git's name for others. */
export function checksumOf(path: string, content: Buffer): string {
	return isLarge(path)
		? createHash("sha256").update(content).digest("hex")
		: createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** Starts a hub with these repositories. It must be closed. */
export async function startHub(repositories: Readonly<Record<string, TestRepository>>): Promise<TestHub> {
	const requests: HubRequest[] = [];
	const faults = new Map<string, Fault>();
	const note = (at: HubRequest["at"], { url: path = "", headers }: IncomingMessage) =>
		requests.push({ at, path, authorization: headers.authorization, range: headers.range });

	const store = await listen((request, response) => {
		note("store", request);
		const { pathname } = new URL(request.url ?? "", "http://store");
		const [, owner, name, ...path] = pathname.split("/");
		const file = path.join("/");
		const content = repositories[`${owner}/${name}`]?.files.get(file) ?? Buffer.alloc(0);
		sendFile(request, response, content, faults.get(file));
	});

	const hub = await listen((request, response) => {
		note("hub", request);
		const url = new URL(request.url ?? "", addressOf(hub));
		const [, name = "", kind = "", revision = "", file = ""] =
			/^\/api\/models\/(.+?)\/(revision|tree)\/([^/]+)$/.exec(url.pathname) ??
			/^\/(.+?)\/(resolve)\/([^/]+)\/(.+)$/.exec(url.pathname) ??
			[];
		const repository = repositories[name];
		const given = request.headers.authorization;
		if (given !== undefined && !/^Bearer (hf_|mirror-)/.test(given)) {
			refuse(response, 401, undefined, `Invalid credentials in Authorization header: ${given}`);
		} else if (repository === undefined || (repository.token !== undefined && given !== `Bearer ${repository.token}`)) {
			if (repository?.isGated) refuse(response, 403, "GatedRepo", "Access to this model is restricted.");
			else refuse(response, given ? 404 : 401, "RepoNotFound", "Repository not found");
		} else if (!["main", commit, ...(repository.revisions ?? [])].includes(decodeURIComponent(revision))) {
			refuse(response, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
		} else if (kind === "revision") {
			sendJson(response, { _id: "1", id: name, sha: commit, lastModified: "2026-01-01T00:00:00.000Z" });
		} else if (kind === "tree") {
			sendTree(response, url, repository.files);
		} else {
			sendResolved(request, response, file, repository.files.get(file), `${addressOf(store)}/${name}/${file}`);
		}
	});

	function sendTree(response: ServerResponse, url: URL, files: TestRepository["files"]): void {
		const start = Number(url.searchParams.get("cursor") ?? 0);
		const folders = new Set([...files.keys()].flatMap((path) => (path.includes("/") ? [path.split("/")[0]] : [])));
		const entries = [
			...[...folders].map((path) => ({ type: "directory", path, size: 0, oid: "0".repeat(40) })),
			...[...files].map(([path, content]) => entryOf(path, content)),
		];
		if (start + pageLength < entries.length) {
			url.searchParams.set("cursor", String(start + pageLength));
			response.setHeader("link", `<${url.href}>; rel="next"`);
		}
		sendJson(response, entries.slice(start, start + pageLength));
	}

	function sendResolved(
		request: IncomingMessage,
		response: ServerResponse,
		path: string,
		content: Buffer | undefined,
		stored: string,
	): void {
		if (content === undefined) {
			refuse(response, 404, "EntryNotFound", "Entry not found");
			return;
		}
		response.setHeader("x-repo-commit", commit);
		response.setHeader("etag", `"${checksumOf(path, content)}"`);
		if (!isLarge(path)) {
			sendFile(request, response, content, faults.get(path));
			return;
		}
		response.setHeader("x-linked-etag", `"${checksumOf(path, content)}"`);
		response.setHeader("x-linked-size", content.length);
		if (request.headers.accept?.includes("application/vnd.xet-fileinfo+json")) {
			// Hubs that can send parts of files say where those are; whoever wants the whole file asks again.
			response.setHeader("x-xet-hash", "f".repeat(64));
			response.setHeader("link", `<${stored}/auth>; rel="xet-auth", <${stored}/parts>; rel="xet-reconstruction-info"`);
			response.setHeader("content-type", "application/vnd.xet-fileinfo+json").end("{}");
			return;
		}
		response.writeHead(302, { location: stored }).end();
	}

	return {
		url: addressOf(hub),
		requests,
		faults,
		close() {
			for (const server of [hub, store]) {
				server.close();
				server.closeAllConnections();
			}
		},
	};
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
	const server = createServer(answer).listen(0, "127.0.0.1");
	await once(server, "listening");
	return server;
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function entryOf(path: string, content: Buffer): object {
	const large = { oid: checksumOf(path, content), size: content.length, pointerSize: 130 };
	return {
		...{ type: "file", path, size: content.length },
		...(isLarge(path) ? { oid: "1".repeat(40), lfs: large, xetHash: "f".repeat(64) } : { oid: large.oid }),
	};
}

function sendJson(response: ServerResponse, body: unknown): void {
	response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string | undefined, message: string): void {
	if (code !== undefined) response.setHeader("x-error-code", code);
	response.statusCode = status;
	sendJson(response, { error: message });
}

function sendFile(request: IncomingMessage, response: ServerResponse, whole: Buffer, fault: Fault | undefined): void {
	const isFaulty = fault !== undefined && (fault.times === undefined || fault.times-- > 0);
	if (isFaulty && fault.status !== undefined) {
		response.writeHead(fault.status).end(fault.body ?? "");
		return;
	}
	const content = Buffer.from(whole);
	if (isFaulty && fault.isDamaged) content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
	const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
	let body = content;
	let start = 0;
	if (first !== undefined && !(isFaulty && fault.ignoresRanges)) {
		const end = last ? Number(last) : content.length - 1;
		start = Number(first);
		body = content.subarray(start, end + 1);
		response.statusCode = 206;
		response.setHeader("content-range", `bytes ${first}-${end}/${content.length}`);
	}
	response.setHeader("content-length", body.length);
	const length = isFaulty
		? Math.min(fault.cutAfter ?? body.length, Math.max(0, (fault.cutAt ?? whole.length) - start))
		: body.length;
	if (length < body.length) {
		response.write(body.subarray(0, length), () => response.destroy());
		return;
	}
	response.end(body);
}
