/**
 * A repository, or the part of it that is wanted, from a hub to the cache.
 *
 * @module
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DeDiffusionError } from "../../plugins/index.ts";
import { storageError } from "../store/failures.ts";
import { RepositoryCache } from "./cache.ts";
import { download } from "./download.ts";
import type { Hub, HubFile } from "./hub.ts";

/**
 * Which files are wanted, as far as those that are here tell: it is asked again when they have come, until it names no
 * more.
 *
 * @param listed Paths of all files of the repository.
 * @param folder Where those are that have come.
 * @throws DeDiffusionError if the repository is of no use, which ends the pull.
 */
export type ChooseFiles = (listed: readonly string[], folder: string) => Promise<readonly string[]>;

/** How far a file has come. */
export interface PullProgress {
	readonly path: string;
	/** Bytes that are there, of so many. */
	readonly done: number;
	readonly size: number;
}

export interface PullOptions {
	readonly hub: Hub;
	/** The cache's folder. */
	readonly cache: string;
	/** E.g. `owner/name`. */
	readonly repository: string;
	/** A branch, tag or commit. Default: the main branch. */
	readonly revision?: string | undefined;
	readonly choose: ChooseFiles;
	readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

export interface Pulled {
	readonly repository: string;
	readonly commit: string;
	/** Absolute path of the folder with the files. */
	readonly folder: string;
	readonly files: readonly string[];
	/** Bytes of these files. */
	readonly size: number;
	/** Bytes that came over the network; the others were in the cache. */
	readonly received: number;
}

const names = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/;
const revisions = /^\w[\w./-]*$/;

/**
 * Brings what is wanted of a repository. What is in the cache is not fetched again, and what was begun is finished.
 *
 * @throws DeDiffusionError `INPUT_INVALID` for what is no name of a repository or revision, `STORAGE_FULL` or
 * `STORAGE_FAILED` for the cache, what `choose` throws, and what {@link Hub} and {@link download} throw.
 */
export async function pullRepository(options: PullOptions): Promise<Pulled> {
	const { hub, repository, revision = "main", choose, onProgress } = options;
	requireForm("repository", repository, names, "owner/name");
	requireForm("revision", revision, revisions, "main, v1.0 or a commit");
	const commit = await hub.commitOf(repository, revision);
	const listed = new Map((await hub.files(repository, commit)).map((file) => [file.path, file]));
	const cache = new RepositoryCache(options.cache, repository);
	const folder = cache.snapshot(commit);
	const files = new Map<string, HubFile>();
	let received = 0;
	try {
		for (;;) {
			const wanted = await choose([...listed.keys()], folder);
			const missing = wanted.filter((path) => !files.has(path));
			if (missing.length === 0) break;
			for (const path of missing) {
				const file = requireListed(listed, path, repository);
				files.set(path, file);
				received += await bring(file, commit, cache, repository, hub, onProgress);
			}
		}
		// Only now: whoever follows the name must find all of it.
		if (revision !== commit) await cache.point(revision, commit);
	} catch (error) {
		throw DeDiffusionError.is(error) ? error : cacheError(error, options.cache);
	}
	const size = [...files.values()].reduce((sum, file) => sum + file.size, 0);
	return { repository, commit, folder, files: [...files.keys()], size, received };
}

async function bring(
	file: HubFile,
	commit: string,
	cache: RepositoryCache,
	repository: string,
	hub: Hub,
	onProgress: PullOptions["onProgress"],
): Promise<number> {
	const { path, size, checksum } = file;
	if (cache.has(commit, path)) return 0;
	const target = cache.blob(checksum.value);
	await mkdir(dirname(target), { recursive: true });
	const received = cache.hasBlob(checksum.value)
		? 0
		: await download({
				...{ name: path, size, checksum, target },
				open: (from) => hub.open(repository, commit, path, from),
				onProgress: (done) => onProgress?.({ path, done, size }),
			});
	await cache.link(commit, path, checksum.value);
	return received;
}

/** Paths come from the hub and become paths of this machine: none may lead out of the snapshot's folder. */
function requireListed(listed: ReadonlyMap<string, HubFile>, path: string, repository: string): HubFile {
	const file = listed.get(path);
	const isInside = path.split("/").every((part) => part !== "" && !/^\.+$|[\\:]/.test(part));
	if (file !== undefined && isInside) return file;
	throw new DeDiffusionError("MODEL_INVALID", `${repository} has no file ${path} that could be kept here.`, {
		input: repository,
	});
}

function requireForm(input: string, value: string, form: RegExp, example: string): void {
	if (form.test(value) && !/\.\.|\/$/.test(value)) return;
	throw new DeDiffusionError("INPUT_INVALID", `${value} is no name of a ${input}.`, {
		input,
		advice: `Use one such as ${example}.`,
	});
}

function cacheError(error: unknown, cache: string): DeDiffusionError {
	const { code, message, cause } = storageError(error, `a file in ${cache}`);
	return new DeDiffusionError(code, message, {
		input: cache,
		advice: "Make room there, or set HF_HUB_CACHE to a folder that has room and may be written to.",
		cause,
	});
}
