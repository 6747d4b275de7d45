import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeDiffusionError } from "../errors.ts";
import { failureOf } from "../http.ts";
import { Redaction } from "./redaction.ts";

const knowing = (...secrets: (string | undefined)[]) => {
	const redaction = new Redaction();
	for (const secret of secrets) redaction.add(secret);
	return redaction;
};

describe("secrets", () => {
	it("are blotted out wherever they stand, whatever stands around them", () => {
		const secret = fc.string({ minLength: 6, unit: fc.constantFrom(..."abcXYZ019-_/+=$.*%") });
		fc.assert(
			fc.property(secret, fc.string(), fc.string(), (secret, before, after) => {
				expect(knowing(secret).text(`${before}${secret}${after}`)).not.toContain(secret);
			}),
		);
	});

	it("are found in the forms in which they travel", () => {
		const secret = 'pass word/&ü"\\';
		const redaction = knowing(secret);
		for (const form of [
			encodeURIComponent(secret),
			JSON.stringify(secret).slice(1, -1),
			Buffer.from(secret).toString("base64"),
		]) {
			expect(redaction.text(`sent ${form}.`)).toBe("sent [redacted].");
		}
	});

	it.each([
		"Authorization: Bearer abcdefgh12345678",
		"https://x.test/v1?alt=json&key=abcdefgh12345678",
		"key AIzaSyA1234567890abcdefghijklmnopqrstu",
		"ya29.a0AfH6SMBabcdefghijklmnop",
		"sk-proj-abcdefgh12345678",
	])("that nobody told of are known by their looks: %s", (text) => {
		expect(new Redaction().text(text)).toContain("[redacted]");
		expect(new Redaction().text(text)).not.toMatch(/12345678|a0AfH6SMB/);
	});

	it("are blotted out though a long text was cut off within them", async () => {
		const secret = "a-secret-key-of-some-length";
		for (let place = 360; place < 400; place++) {
			const body = `${"x".repeat(place)} ${secret}`;
			const { message } = await failureOf(new Response(body, { status: 400 }));
			expect(knowing(secret).text(message)).not.toContain(secret.slice(0, 6));
		}
	});

	it("that are too short or not there are not looked for", () => {
		expect(knowing("cat", "", undefined).text("a cat")).toBe("a cat");
	});
});

describe("an error", () => {
	it("without a secret is left alone", () => {
		const error = new DeDiffusionError("BACKEND_AUTH", "No.", { cause: new Error("why") });
		expect(knowing("secret-key").error(error)).toBe(error);
	});

	it("with one keeps all but the secret, down to its causes", () => {
		const cause = new TypeError("request with secret-key failed", { cause: "secret-key" });
		const given = { input: "url", advice: "Change secret-key.", retryable: true, retryAfterMs: 5, cause };
		const error = knowing("secret-key").error(new DeDiffusionError("BACKEND_AUTH", "secret-key is bad", given));
		expect(error).toMatchObject({
			code: "BACKEND_AUTH",
			message: "[redacted] is bad",
			advice: "Change [redacted].",
			input: "url",
			retryable: true,
			retryAfterMs: 5,
			cause: { name: "TypeError", message: "request with [redacted] failed", cause: "[redacted]" },
		});
		expect(error.stack).not.toContain("secret-key");
		expect(DeDiffusionError.is(error)).toBe(true);
	});

	it("keeps no cause that cannot be looked into", () => {
		const error = new Error("no", { cause: { headers: { authorization: "secret-key" } } });
		expect(knowing("secret-key").error(error).cause).toBeUndefined();
	});
});
