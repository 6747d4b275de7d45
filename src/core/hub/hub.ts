/**
 * A model hub that speaks Hugging Face's protocol, through its own client.
 *
 * @module
 */
import { fileDownloadInfo, listFiles, modelInfo } from "@huggingface/hub";
import { DeDiffusionError, failureOf } from "../../plugins/index.ts";
import { Redaction } from "../../plugins/network/redaction.ts";

export interface HubOptions {
	/** Default: the public one. */
	readonly endpoint?: string | undefined;
	/** Sent to the endpoint and to nobody else; blotted out wherever an answer repeats it. */
	readonly token?: string | undefined;
}

/** A file of a repository. */
export interface HubFile {
	/** With slashes. */
	readonly path: string;
	/** Bytes. */
	readonly size: number;
	readonly checksum: Checksum;
}

/** What a file's content is known by: its SHA-256 where it is kept as a large file, else Git's name for it. */
export interface Checksum {
	readonly kind: "sha256" | "git";
	/** Hexadecimal. */
	readonly value: string;
}

/** Bytes of a file on their way. */
export interface FileStream {
	/** The place in the file of the first byte: the one asked for, or 0 from those who know no ranges. */
	readonly from: number;
	/** @throws DeDiffusionError `BACKEND_UNAVAILABLE` where the connection breaks. */
	readonly chunks: AsyncIterable<Uint8Array>;
}

const publicEndpoint = "https://huggingface.co";

/** The hub that the environment names in the variables that huggingface_hub reads: HF_ENDPOINT and HF_TOKEN. */
export function hubFrom(environment: Readonly<Record<string, string | undefined>> = process.env): Hub {
	return new Hub({ endpoint: environment.HF_ENDPOINT?.trim(), token: environment.HF_TOKEN?.trim() });
}

/**
 * All methods throw DeDiffusionError: `MODEL_NOT_FOUND` for a repository or revision that is not there, `BACKEND_AUTH` for
 * one that the token does not open, `BACKEND_UNAVAILABLE` if nobody answers, else as the SDK's `failureOf`.
 */
export class Hub {
	readonly endpoint: string;
	readonly #token: string | undefined;
	readonly #redaction = new Redaction();

	/** @throws DeDiffusionError `CONFIG_INVALID` if the endpoint is no address. */
	constructor({ endpoint, token }: HubOptions = {}) {
		this.endpoint = (endpoint || publicEndpoint).replace(/\/+$/, "");
		if (!/^https?:$/.test(URL.parse(this.endpoint)?.protocol ?? "")) {
			throw new DeDiffusionError("CONFIG_INVALID", `${this.endpoint} is no address of a model hub.`, {
				input: "HF_ENDPOINT",
				advice: `Leave HF_ENDPOINT out, or set it to an address such as ${publicEndpoint}.`,
			});
		}
		this.#token = token || undefined;
		this.#redaction.add(this.#token);
	}

	/** The commit that a branch, tag or commit stands for. */
	async commitOf(repository: string, revision: string): Promise<string> {
		const { sha } = await this.#ask(repository, revision, (fetch) =>
			modelInfo({ name: repository, revision, additionalFields: ["sha"], hubUrl: this.endpoint, fetch }),
		);
		if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) {
			throw otherForm(`${this.endpoint} names no commit of ${repository}.`);
		}
		return sha;
	}

	/** All files of a commit. */
	async files(repository: string, commit: string): Promise<HubFile[]> {
		return this.#ask(repository, commit, async (fetch) => {
			const entries = listFiles({
				repo: modelAt(repository),
				revision: commit,
				recursive: true,
				hubUrl: this.endpoint,
				fetch,
			});
			const files: HubFile[] = [];
			for await (const { type, path, size, oid, lfs } of entries) {
				if (type === "file") files.push({ path, size: lfs?.size ?? size, checksum: checksumOf(path, oid, lfs?.oid) });
			}
			return files;
		});
	}

	/** Opens a file at a place. It comes over plain HTTP, which every hub and mirror speaks and which can begin anywhere. */
	async open(repository: string, commit: string, path: string, from: number): Promise<FileStream> {
		return this.#ask(repository, commit, async (fetch) => {
			const about = await fileDownloadInfo({
				repo: modelAt(repository),
				path,
				revision: commit,
				hubUrl: this.endpoint,
				fetch,
			});
			if (about === null) throw otherForm(`${this.endpoint} lists ${path} of ${repository} and does not have it.`);
			const response = await fetch(about.url, from === 0 ? {} : { headers: { range: `bytes=${from}-` } });
			const start = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? "0";
			return { from: Number(start), chunks: this.#chunksOf(response) };
		});
	}

	async *#chunksOf(response: Response): AsyncGenerator<Uint8Array> {
		try {
			yield* response.body ?? [];
		} catch (cause) {
			throw new DeDiffusionError("BACKEND_UNAVAILABLE", `The connection to ${this.endpoint} broke.`, {
				input: this.endpoint,
				advice: "Run the same command again: it goes on where it stopped.",
				cause,
			});
		}
	}

	/** Lends a `fetch` that throws typed errors, and turns what the client throws by itself into one. */
	async #ask<Result>(
		repository: string,
		revision: string,
		action: (lent: typeof fetch) => Promise<Result>,
	): Promise<Result> {
		const lent: typeof fetch = async (input, init) => {
			const response = await this.#fetch(String(input), init);
			if (response.ok) return response;
			throw this.#redaction.error(await this.#refusal(response, repository, revision));
		};
		try {
			return await action(lent);
		} catch (error) {
			if (DeDiffusionError.is(error)) throw error;
			throw otherForm(`The answer of ${this.endpoint} could not be understood.`, error);
		}
	}

	async #fetch(url: string, init: RequestInit = {}): Promise<Response> {
		const headers = new Headers(init.headers);
		// `fetch` takes the header off again where a redirect leads to another origin, as to a store of large files.
		if (this.#token !== undefined && new URL(url).origin === new URL(this.endpoint).origin) {
			headers.set("authorization", `Bearer ${this.#token}`);
		}
		try {
			return await fetch(url, { ...init, headers });
		} catch (cause) {
			throw new DeDiffusionError("BACKEND_UNAVAILABLE", `The model hub ${this.endpoint} cannot be reached.`, {
				input: this.endpoint,
				advice:
					"Check the network, and HF_ENDPOINT if you use a mirror. What was pulled before can be used without the hub.",
				cause,
			});
		}
	}

	/** The hub says in a header what is wrong, because it answers 401 for repositories that are not there, too. */
	async #refusal(response: Response, repository: string, revision: string): Promise<DeDiffusionError> {
		const code = response.headers.get("x-error-code");
		if (code === "RevisionNotFound") {
			return new DeDiffusionError("MODEL_NOT_FOUND", `${repository} has no revision ${revision}.`, {
				input: "revision",
				advice: `Look at ${this.endpoint}/${repository}/tree/main for its branches and tags.`,
			});
		}
		if (code === "RepoNotFound" || (code === null && response.status === 404)) {
			return new DeDiffusionError(
				"MODEL_NOT_FOUND",
				`${this.endpoint} has no repository ${repository}, or does not show it to you.`,
				{
					input: "repository",
					advice: `Check the name; if it is private, set HF_TOKEN to a token that may read it${this.#token ? " (the one that is set may not)" : ""}.`,
				},
			);
		}
		if (code === "GatedRepo") {
			return new DeDiffusionError("BACKEND_AUTH", `${repository} is open only to those who accepted its terms.`, {
				input: "repository",
				advice: `Accept them at ${this.endpoint}/${repository}, and set HF_TOKEN to a token of yours that may read it.`,
			});
		}
		const failure = await failureOf(response);
		if (failure.code !== "BACKEND_AUTH") return failure;
		return new DeDiffusionError("BACKEND_AUTH", `${this.endpoint} refused the token: ${failure.message}`, {
			input: "HF_TOKEN",
			advice: this.#token
				? "Set HF_TOKEN to a token that is valid and may read the repository, or leave it out for a public one."
				: "Set HF_TOKEN to a token that may read the repository.",
		});
	}
}

/** The client would guess the kind from the name. */
const modelAt = (name: string) => ({ type: "model", name }) as const;

function checksumOf(path: string, git: string | undefined, large: string | undefined): Checksum {
	if (large !== undefined && /^[0-9a-f]{64}$/.test(large)) return { kind: "sha256", value: large };
	if (large === undefined && git !== undefined && /^[0-9a-f]{40}$/.test(git)) return { kind: "git", value: git };
	throw otherForm(`The hub gives no checksum for ${path}.`);
}

function otherForm(message: string, cause?: unknown): DeDiffusionError {
	return new DeDiffusionError("BACKEND_PROTOCOL", message, {
		advice: "Check that HF_ENDPOINT leads to a model hub that speaks Hugging Face's protocol.",
		cause,
	});
}
