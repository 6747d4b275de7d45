/**
 * Pictures over plain HTTP: upload a file, fetch a file.
 *
 * @module
 */
import multipart from "@fastify/multipart";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Engine } from "../core/engine.ts";
import { DeDiffusionError } from "../plugins/index.ts";

/** Where a picture's file is served, relative to the server's address. */
export function pictureUrl(id: string): string {
	return `/pictures/${id}`;
}

/**
 * `POST /pictures` takes a file as the whole body or as the first file of a form and answers with
 * `{ id, url, width, height }`; `GET /pictures/<id>` serves it. A file never changes under its id.
 */
export async function pictureRoutes(app: FastifyInstance, engine: Engine): Promise<void> {
	const bodyLimit = engine.limits.bytes;
	// What a file is, its bytes say: whatever type a client claims, the body is taken as it comes.
	app.removeAllContentTypeParsers();
	app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit }, (_request, body, done) => done(null, body));
	await app.register(multipart, { limits: { fileSize: bodyLimit, files: 1 } });

	app.post("/pictures", { bodyLimit }, async (request, reply) => {
		const { id, width, height } = await engine.pictures.add(await uploadedBytes(request));
		const url = pictureUrl(id);
		return reply.code(201).header("location", url).send({ id, url, width, height });
	});

	app.get<{ Params: { id: string } }>("/pictures/:id", async (request, reply) => {
		const picture = await engine.pictures.get(request.params.id);
		const etag = `"${picture.id}"`;
		reply.headers({
			etag,
			"cache-control": "private, max-age=31536000, immutable",
			"x-content-type-options": "nosniff",
			"content-security-policy": "default-src 'none'; sandbox",
		});
		if (request.headers["if-none-match"]?.split(/,\s*/).includes(etag)) {
			return reply.code(304).send();
		}
		return reply.type(picture.mediaType).send(picture.bytes);
	});
}

async function uploadedBytes(request: FastifyRequest): Promise<Uint8Array> {
	if (request.isMultipart()) {
		return formFile(request);
	}
	return request.body instanceof Uint8Array ? request.body : new Uint8Array();
}

async function formFile(request: FastifyRequest): Promise<Uint8Array> {
	try {
		const file = await request.file();
		if (file === undefined) {
			throw new DeDiffusionError("PICTURE_EMPTY", "The form holds no file.", { input: "body" });
		}
		return await file.toBuffer();
	} catch (error) {
		if (error instanceof Error && "code" in error) {
			throw error;
		}
		// The parser's own complaints have no code.
		throw new DeDiffusionError("INPUT_INVALID", "The form is malformed or breaks off.", {
			input: "body",
			advice: "Send one file as multipart/form-data, or the file alone as the body.",
			cause: error,
		});
	}
}
