/**
 * Encoders are found by id, the first one without.
 *
 * @module
 */
import { afterAll, expect, test } from "vitest";
import { tinyEncoder } from "../../../test/fixtures.ts";
import { plainPicture } from "../../../test/pictures.ts";
import { createInference } from "../inference/pool.ts";
import { openEncoders } from "./encoders.ts";

const inference = createInference({ providers: ["cpu"], threads: 1 });
afterAll(() => inference.close());

const open = (...ids: readonly string[]) =>
	openEncoders(
		ids.map((id) => ({ id, folder: tinyEncoder })),
		inference,
	);

test("lists them in the order of the configuration; the first one is the default", async () => {
	const encoders = await open("second", "first");
	expect(encoders.list().map(({ id }) => id)).toEqual(["second", "first"]);
	expect(encoders.get().info.id).toBe("second");
	expect(encoders.get("first").info.id).toBe("first");
	await encoders.close();
});

test("refuses an unknown id and says which there are", async () => {
	const encoders = await open("one", "two");
	expect(() => encoders.get("three")).toThrow(
		expect.objectContaining({ code: "ENCODER_NOT_FOUND", input: "encoder", advice: "Choose one of one, two." }),
	);
	await encoders.close();
});

test("refuses two of one id", async () => {
	await expect(open("one", "one")).rejects.toMatchObject({ code: "CONFIG_INVALID", input: "encoders" });
});

test("says which encoder ran a batch", async () => {
	const batches: [string, number][] = [];
	const encoders = await openEncoders([{ id: "watched", folder: tinyEncoder }], inference, {
		onBatch: (...batch) => void batches.push(batch),
	});
	await encoders.get().encode(await plainPicture([1, 2, 3]));
	expect(batches).toEqual([["watched", 1]]);
	await encoders.close();
});
