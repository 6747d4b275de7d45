/**
 * Pictures of one moment become batched runs of the encoder, whoever asks.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { plainPicture } from "./pictures.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await serve();
});
beforeEach(() => {
	server.batches.length = 0;
});
afterAll(() => server.close());

async function pictureIds(count: number): Promise<string[]> {
	const pictures = Array.from({ length: count }, (_, index) => plainPicture([index * 5, 255 - index * 5, 128]));
	const added = (await Promise.all(pictures)).map(({ bytes }) => server.engine.pictures.add(bytes));
	return (await Promise.all(added)).map(({ id }) => id);
}

const encodeAll = (ids: readonly string[]) =>
	`{ ${ids.map((id, index) => `p${index}: encode(picture: { id: "${id}" }) { text }`).join(" ")} }`;
const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);

test("by aliases of one request, cut where the batch is full", async () => {
	const { data, errors } = await server.ask(encodeAll(await pictureIds(40)));
	expect(errors).toBeUndefined();
	expect(Object.keys(data)).toHaveLength(40);
	expect(sum(server.batches)).toBe(40);
	expect(Math.max(...server.batches)).toBeGreaterThan(8);
	expect(Math.max(...server.batches)).toBeLessThanOrEqual(32);
});

test("by several requests at once", async () => {
	const ids = await pictureIds(24);
	const answers = await Promise.all(ids.map((id) => server.ask(encodeAll([id]))));
	expect(answers.every(({ errors }) => errors === undefined)).toBe(true);
	expect(sum(server.batches)).toBe(24);
	expect(server.batches.length).toBeLessThan(24);
});

test("and each picture gets the text that it gets alone", async () => {
	const ids = await pictureIds(6);
	const together = await server.ask(encodeAll(ids));
	for (const [index, id] of ids.entries()) {
		const alone = await server.ask(encodeAll([id]));
		expect(together.data[`p${index}`]).toEqual(alone.data.p0);
	}
});
