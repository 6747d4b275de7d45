/**
 * Cursors of the list of comparisons: a place in it, opaque to clients.
 *
 * @module
 */
import { z } from "zod";
import { DeDiffusionError } from "../../plugins/index.ts";
import type { Place } from "../store/comparison-table.ts";

const placeForm = z.tuple([z.int().min(0).max(8.64e15), z.string().min(1)]);

export function cursorOf({ createdAt, id }: Place): string {
	return Buffer.from(JSON.stringify([createdAt.getTime(), id])).toString("base64url");
}

/** @throws DeDiffusionError `CURSOR_INVALID`. */
export function placeOf(cursor: string): Place {
	try {
		const [time, id] = placeForm.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
		return { createdAt: new Date(time), id };
	} catch (cause) {
		throw new DeDiffusionError("CURSOR_INVALID", "The cursor was not made by this server.", { input: "after", cause });
	}
}
