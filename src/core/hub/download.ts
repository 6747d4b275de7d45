/**
 * One file from a hub to the disk: begun again where it stopped, and under its name only when its checksum is right.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { DeDiffusionError } from "../../plugins/index.ts";
import type { Checksum, FileStream } from "./hub.ts";

export interface Download {
	/** Named in errors. */
	readonly name: string;
	/** Bytes. */
	readonly size: number;
	readonly checksum: Checksum;
	/** Where it ends up. What has come so far is kept beside it, in a file that ends in `.incomplete`. */
	readonly target: string;
	/** Opens the file at a place. */
	readonly open: (from: number) => Promise<FileStream>;
	/** Told how many bytes are there. */
	readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Brings a file. A connection that breaks is taken up again at once, as long as each attempt
 * comes further than the one before. Two
 * processes may bring the same file: they write the same bytes to the same places.
 *
 * @returns How many bytes came over the network.
 * @throws DeDiffusionError `DOWNLOAD_DAMAGED` for a wrong checksum, and what `open` and its chunks throw.
 */
export async function download(wanted: Download): Promise<number> {
	const partial = `${wanted.target}.incomplete`;
	let received = 0;
	let furthest = 0;
	let isFresh = false;
	for (;;) {
		const attempt = await attemptDownload(wanted, partial);
		received += attempt.received;
		if (attempt.failure !== undefined) {
			if (!isBroken(attempt.failure) || attempt.received === 0 || attempt.reached <= furthest) throw attempt.failure;
			furthest = attempt.reached;
			continue;
		}
		if (attempt.isRight) break;
		await rm(partial, { force: true });
		// What lay there from an earlier time may be at fault.
		if (isFresh || attempt.resumedAt === 0) throw damaged(wanted);
		isFresh = true;
	}
	try {
		await rename(partial, wanted.target);
	} catch (error) {
		// Another process was first.
		if (!existsSync(wanted.target)) throw error;
	}
	return received;
}

interface Attempt {
	readonly received: number;
	/** How much lay there before. */
	readonly resumedAt: number;
	/** How much lies there now. */
	readonly reached: number;
	/** Whether the whole file is there and has its checksum. */
	readonly isRight: boolean;
	readonly failure: unknown;
}

async function attemptDownload(wanted: Download, partial: string): Promise<Attempt> {
	const file = await open(partial, constants.O_RDWR | constants.O_CREAT);
	let hash = hashFor(wanted);
	let [received, resumedAt, reached] = [0, 0, 0];
	const ended = (isRight: boolean, failure?: unknown): Attempt => ({ received, resumedAt, reached, isRight, failure });
	try {
		reached = resumedAt = await hashSoFar(file, hash, wanted.size);
		if (reached < wanted.size) {
			const { from, chunks } = await wanted.open(reached);
			if (from !== reached) {
				if (from !== 0) throw misplaced(wanted);
				// What lies there is written over and not cut off: another process may be writing behind this place.
				hash = hashFor(wanted);
				reached = resumedAt = 0;
			}
			for await (const chunk of chunks) {
				if (reached + chunk.length > wanted.size) return ended(false);
				await file.write(chunk, 0, chunk.length, reached);
				hash.update(chunk);
				reached += chunk.length;
				received += chunk.length;
				wanted.onProgress?.(reached);
			}
			await file.sync();
		}
		if (reached < wanted.size) throw endedEarly(wanted);
		return ended(hash.digest("hex") === wanted.checksum.value);
	} catch (failure) {
		return ended(false, failure);
	} finally {
		await file.close();
	}
}

/** Feeds a hash with what is in the file; what is longer than it may be is thrown away. @returns How much that was. */
async function hashSoFar(file: FileHandle, hash: Hash, longest: number): Promise<number> {
	const { size } = await file.stat();
	if (size > longest) {
		await file.truncate(0);
		return 0;
	}
	if (size > 0) {
		for await (const chunk of file.createReadStream({ start: 0, end: size - 1, autoClose: false })) hash.update(chunk);
	}
	return size;
}

function hashFor({ checksum, size }: Download): Hash {
	// Git's name for a file is the SHA-1 of its length and its content (git-scm.com, "Git Objects").
	return checksum.kind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

const isBroken = (error: unknown): boolean => DeDiffusionError.is(error) && error.code === "BACKEND_UNAVAILABLE";

const misplaced = ({ name }: Download): DeDiffusionError =>
	new DeDiffusionError("BACKEND_PROTOCOL", `The hub began ${name} at another place than it was asked to.`, {
		input: name,
		advice: "Check that HF_ENDPOINT leads to a model hub that answers ranges.",
	});

function endedEarly({ name }: Download): DeDiffusionError {
	return new DeDiffusionError("BACKEND_UNAVAILABLE", `The hub stopped in the middle of ${name}.`, {
		input: name,
		advice: "Run the same command again: it goes on where it stopped.",
	});
}

function damaged({ name, checksum }: Download): DeDiffusionError {
	return new DeDiffusionError(
		"DOWNLOAD_DAMAGED",
		`${name} came with another checksum than the hub gives for it (${checksum.value}). It was thrown away.`,
		{ input: name },
	);
}
