import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { DeDiffusionError } from "../../plugins/index.ts";
import { storageError } from "./failures.ts";

/** The system's own complaint: Linux has a device that is always full; other systems say it in the same words. */
function writeToFullDisk(): Promise<unknown> {
	return process.platform === "linux"
		? writeFile("/dev/full", "a picture").catch((error: unknown) => error)
		: Promise.resolve(Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }));
}

describe("a failure of the storage", () => {
	it("is a full disk when the system says so", async () => {
		const failure = await writeToFullDisk();
		expect(storageError(failure, "a picture")).toMatchObject({
			code: "STORAGE_FULL",
			message: "The disk is full: a picture could not be kept.",
			retryable: true,
			cause: failure,
		});
	});

	it.each(["ENOSPC", "EDQUOT", "53100"])("is a full disk by the code %s, however deep it lies", (code) => {
		const failure = Object.assign(new Error("It failed."), { code });
		const wrapped = new Error("The query failed.", { cause: new Error("The driver failed.", { cause: failure }) });
		expect(storageError(failure, "a picture").code).toBe("STORAGE_FULL");
		expect(storageError(wrapped, "a picture").code).toBe("STORAGE_FULL");
	});

	it("is a full disk by the words of the database", () => {
		const failure = new Error('could not extend file "base/5/16384": No space left on device');
		expect(storageError(failure, "a comparison").code).toBe("STORAGE_FULL");
	});

	it.each([
		["another code", Object.assign(new Error("Permission denied."), { code: "EACCES" })],
		["no code", new Error("It failed.")],
		["no error", "a word"],
	])("is another one with %s, and keeps its cause", (_, failure) => {
		expect(storageError(failure, "a comparison")).toMatchObject({
			code: "STORAGE_FAILED",
			message: "The storage failed: a comparison could not be read or kept.",
			cause: failure,
		});
	});

	it("stays what it is when it is typed already", () => {
		const typed = new DeDiffusionError("PICTURE_NOT_FOUND", "There is no such picture.");
		expect(storageError(typed, "a picture")).toBe(typed);
	});
});
