/**
 * The messages of ComfyUI's WebSocket, read.
 *
 * @module
 */
import { DeDiffusionError } from "dediffusion/plugin";
import type { z } from "zod";
import { event, message, type RunEvent } from "./wire.ts";

/** Frames begin with the kind of event and the kind of picture, 4 bytes each, the more significant first. */
const frameHeader = 8;
const previewEvent = 1;

const eventTypes: readonly string[] = event.options.flatMap(({ shape }) => [...shape.type.values]);

/**
 * What a text message says of a run; undefined for one of another kind.
 *
 * @throws DeDiffusionError `BACKEND_PROTOCOL` if it is no JSON, or not of its kind's form.
 */
export function eventIn(text: string): RunEvent | undefined {
	const content = jsonIn(text);
	const { type } = checked(message, content);
	return eventTypes.includes(type) ? checked(event, content) : undefined;
}

/** The picture of a binary message; undefined for one of another kind. */
export function pictureIn(bytes: Uint8Array): Uint8Array | undefined {
	if (bytes.length <= frameHeader) {
		return undefined;
	}
	const kind = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
	return kind === previewEvent ? bytes.subarray(frameHeader) : undefined;
}

function jsonIn(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new DeDiffusionError("BACKEND_PROTOCOL", "A message of ComfyUI is no JSON.");
	}
}

function checked<Value>(schema: z.ZodType<Value>, content: unknown): Value {
	const { success, data, error } = schema.safeParse(content);
	if (!success) {
		const faults = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
		throw new DeDiffusionError("BACKEND_PROTOCOL", `A message of ComfyUI has another form: ${faults.join("; ")}`);
	}
	return data;
}
