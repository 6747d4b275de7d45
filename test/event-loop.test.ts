/**
 * Models run beside the event loop, not on it.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Decoder, DeDiffusionError } from "../src/plugins/index.ts";
import { brush } from "./brush.ts";
import { plainPicture } from "./pictures.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;

const begun = Promise.withResolvers<void>();
const stopped = Promise.withResolvers<void>();
/** Draws until nobody waits any more. */
const patient: Decoder["generate"] = (_requests, { signal }) => {
	begun.resolve();
	return new Promise((_, reject) => {
		signal.addEventListener("abort", () => {
			stopped.resolve();
			reject(new DeDiffusionError("ABORTED", "Nobody waits."));
		});
	});
};

beforeAll(async () => {
	server = await serve({ decoders: [brush("patient", { lane: "network", generate: patient })] });
});
afterAll(() => server.close());

test("small questions are answered while a reconstruction runs", async () => {
	const { id } = await server.engine.pictures.add((await plainPicture([1, 2, 3])).bytes);
	const order: string[] = [];
	const reconstruction = server
		.ask(`{ reconstruct(picture: { id: "${id}" }, decoder: "tiny", settings: { steps: 300 }) { decoding { seed } } }`)
		.then((answer) => {
			order.push("reconstruction");
			return answer;
		});
	// From the first run of the encoder on, the reconstruction is under way.
	while (server.batches.length === 0) {
		await server.ask("{ __typename }");
	}
	for (const question of ["first question", "second question"]) {
		expect((await server.ask("{ __typename }")).data).toEqual({ __typename: "Query" });
		order.push(question);
	}
	expect((await reconstruction).errors).toBeUndefined();
	expect(order).toEqual(["first question", "second question", "reconstruction"]);
});

test("a client that hangs up stops the drawing that only it waited for", async () => {
	const controller = new AbortController();
	const given = fetch(`${server.url}/graphql`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ query: '{ decode(text: "a cat", decoder: "patient") { seed } }' }),
		signal: controller.signal,
	});
	await begun.promise;
	controller.abort();
	await expect(given).rejects.toThrow("aborted");
	await stopped.promise;
});
