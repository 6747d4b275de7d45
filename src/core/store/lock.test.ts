import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "./lock.ts";

let folder = "";

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "lock-"));
});

afterEach(() => rm(folder, { recursive: true }));

const lockFile = () => join(folder, "lock");

/** Another process that holds the folder; it lives until it is killed. */
async function holder() {
	const program = `
		import { lockFolder } from ${JSON.stringify(new URL("lock.ts", import.meta.url).href)};
		lockFolder(${JSON.stringify(folder)});
		process.stdout.write("locked");
		setInterval(() => {}, 1000);
	`;
	const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	await once(child.stdout, "data");
	return {
		pid: child.pid as number,
		async kill() {
			const exit = once(child, "exit");
			child.kill("SIGKILL");
			await exit;
		},
	};
}

describe("a folder's lock", () => {
	it("names its process and is gone once it is given back", () => {
		const unlock = lockFolder(folder);
		expect(readFileSync(lockFile(), "utf8")).toBe(String(process.pid));
		unlock();
		expect(existsSync(lockFile())).toBe(false);
		lockFolder(folder)();
	});

	it("may be given back twice", () => {
		const unlock = lockFolder(folder);
		unlock();
		expect(unlock).not.toThrow();
	});

	it("of a living process is refused with its number and what to do, and taken over once it was killed", async () => {
		const other = await holder();
		try {
			expect(() => lockFolder(folder)).toThrow(
				expect.objectContaining({
					code: "STORAGE_FAILED",
					input: "dataFolder",
					message: expect.stringContaining(`process ${other.pid}`),
					advice: expect.stringContaining("DEDIFFUSION_DATA"),
					retryable: true,
				}),
			);
			expect(readFileSync(lockFile(), "utf8")).toBe(String(other.pid));
		} finally {
			await other.kill();
		}
		expect(existsSync(lockFile())).toBe(true);
		const unlock = lockFolder(folder);
		expect(readFileSync(lockFile(), "utf8")).toBe(String(process.pid));
		unlock();
	});

	it.each(["", "not a number", "0", "-1", "1.5"])("that holds %j is nobody's", (content) => {
		writeFileSync(lockFile(), content);
		lockFolder(folder)();
		expect(existsSync(lockFile())).toBe(false);
	});

	it("with this process's own number is a predecessor's: containers number theirs alike", () => {
		writeFileSync(lockFile(), String(process.pid));
		const unlock = lockFolder(folder);
		unlock();
		expect(existsSync(lockFile())).toBe(false);
	});

	it("cannot be taken in a folder that is not there", () => {
		expect(() => lockFolder(join(folder, "nowhere"))).toThrow("ENOENT");
	});
});
