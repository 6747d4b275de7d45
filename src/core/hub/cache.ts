/**
 * The folder in which Python's huggingface_hub keeps what it downloads, so that nothing is downloaded twice: blobs under
 * their checksums, snapshots of links to them, and what branches and tags pointed to.
 *
 *     models--owner--name/blobs/<checksum>
 *     models--owner--name/snapshots/<commit>/<path> -> blob
 *     models--owner--name/refs/<branch or tag>      holds the commit
 *
 * @module
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The cache that the environment names, in the variables that huggingface_hub reads. Absolute. */
export function hubCacheFolder(environment: Environment = process.env): string {
	const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = environment;
	const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
	const folder = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(home, "hub");
	return resolve(folder.replace(/^~(?=$|[\\/])/, () => homedir()));
}

/** A repository's share of the cache. */
export class RepositoryCache {
	readonly #folder: string;

	/** @param repository E.g. `owner/name`. */
	constructor(cache: string, repository: string) {
		this.#folder = join(cache, ["models", ...repository.split("/")].join("--"));
	}

	/** The folder with the files of a commit. It may be missing. */
	snapshot(commit: string): string {
		return join(this.#folder, "snapshots", commit);
	}

	/** Where content with this checksum is kept. It may be missing. */
	blob(checksum: string): string {
		return join(this.#folder, "blobs", checksum);
	}

	/** Whether a file of a commit is here. */
	has(commit: string, path: string): boolean {
		return existsSync(join(this.snapshot(commit), path));
	}

	hasBlob(checksum: string): boolean {
		return existsSync(this.blob(checksum));
	}

	/** Puts a blob into a snapshot: as a link, or as a copy where links are not allowed, as on some Windows machines. */
	async link(commit: string, path: string, checksum: string): Promise<void> {
		const pointer = join(this.snapshot(commit), path);
		const blob = this.blob(checksum);
		await mkdir(dirname(pointer), { recursive: true });
		// A link whose blob was deleted counts as no file.
		await rm(pointer, { force: true });
		try {
			await symlink(relative(dirname(pointer), blob), pointer);
		} catch (error) {
			// Another process may have been first.
			if (!existsSync(pointer)) await copyFile(blob, pointer).catch(() => Promise.reject(error));
		}
	}

	/** Remembers what a branch or tag points to. */
	async point(revision: string, commit: string): Promise<void> {
		const file = join(this.#folder, "refs", revision);
		await mkdir(dirname(file), { recursive: true });
		await writeFile(file, commit);
	}
}

/** A commit of a repository that is in the cache, wholly or in part. */
export interface CachedSnapshot {
	/** E.g. `owner/name`. */
	readonly repository: string;
	readonly commit: string;
	/** Branches and tags that pointed to it when they were last asked for. */
	readonly revisions: readonly string[];
	/** Absolute. */
	readonly folder: string;
}

/** All models of a cache, by name; none where there is no cache. Whoever brought them, in whichever language. */
export async function cachedSnapshots(cache: string): Promise<CachedSnapshot[]> {
	const found: CachedSnapshot[] = [];
	for (const name of await namesIn(cache)) {
		if (!name.startsWith("models--")) continue;
		const revisions = await revisionsIn(join(cache, name, "refs"));
		for (const commit of await namesIn(join(cache, name, "snapshots"))) {
			found.push({
				repository: name.split("--").slice(1).join("/"),
				commit,
				revisions: revisions.filter((ref) => ref.commit === commit).map(({ revision }) => revision),
				folder: join(cache, name, "snapshots", commit),
			});
		}
	}
	return found;
}

async function namesIn(folder: string): Promise<string[]> {
	return (await readdir(folder).catch(() => [])).sort();
}

async function revisionsIn(refs: string): Promise<{ revision: string; commit: string }[]> {
	const entries = await readdir(refs, { recursive: true, withFileTypes: true }).catch(() => []);
	const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	return Promise.all(
		files.sort().map(async (file) => ({
			revision: relative(refs, file).replaceAll("\\", "/"),
			commit: (await readFile(file, "utf8")).trim(),
		})),
	);
}
