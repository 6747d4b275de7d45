import { type } from "arktype";
import * as valibot from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { brush } from "../../test/brush.ts";
import { definePlugin, errorCodes, type PluginHost } from "./index.ts";

const host: PluginHost = {
	folder: "/",
	inference: { open: () => Promise.reject(new Error("No graph is needed here.")) },
	connect: () => () => Promise.reject(new Error("No service is needed here.")),
	connectSocket: () => () => Promise.reject(new Error("No service.")),
	log: () => {},
	trace: (_name, _attributes, work) => work(),
};

const brushes = definePlugin({
	name: "brushes",
	options: z.strictObject({ names: z.array(z.string()).nonempty(), width: z.int().default(8) }),
	setup: ({ names, width }) => names.map((name) => brush(name, { capabilities: { defaults: { width, height: 8 } } })),
});

describe("a plugin", () => {
	it("carries its name and the contract it was written for", () => {
		expect(brushes({ names: ["oil"] })).toMatchObject({ name: "brushes", apiVersion: 1 });
	});

	it("makes its decoders of the checked options, defaults filled in", async () => {
		const decoders = await brushes({ names: ["oil", "ink"] }).setup(host);
		expect(decoders.map(({ id }) => id)).toEqual(["oil", "ink"]);
		expect(decoders[0]?.capabilities.defaults.width).toBe(8);
	});

	it("may be configured twice without the one knowing of the other", async () => {
		const [wide, narrow] = [brushes({ names: ["wide"], width: 64 }), brushes({ names: ["narrow"], width: 16 })];
		const decoders = await Promise.all([wide.setup(host), narrow.setup(host)]);
		expect(decoders.flat().map(({ id, capabilities }) => [id, capabilities.defaults.width])).toEqual([
			["wide", 64],
			["narrow", 16],
		]);
	});

	it("gets what the host lends, as it is", async () => {
		const seen: PluginHost[] = [];
		const curious = definePlugin({
			name: "curious",
			options: z.object({}),
			setup: async (_, lent) => {
				seen.push(lent);
				return [];
			},
		});
		expect(await curious({}).setup(host)).toEqual([]);
		expect(seen[0]).toBe(host);
	});

	it.each([
		[{ names: "oil" }, "names"],
		[{ names: [] }, "names"],
		[{ names: ["oil"], width: "wide" }, "width"],
		[{ names: ["oil"], colour: "red" }, "colour"],
		[undefined, "expected object"],
	])("is refused with the options %j, by its name and the option's", (options, atFault) => {
		// What a configuration in plain JavaScript may hand over.
		const untyped = brushes as (options: unknown) => unknown;
		expect(() => untyped(options)).toThrow(
			expect.objectContaining({
				code: "CONFIG_INVALID",
				input: "brushes",
				message: expect.stringMatching(new RegExp(`plugin brushes[^]*${atFault}`)),
				advice: errorCodes.CONFIG_INVALID.advice,
			}),
		);
	});

	it.each([
		["zod", z.object({ url: z.string(), size: z.number().default(8) })],
		["valibot", valibot.object({ url: valibot.string(), size: valibot.optional(valibot.number(), 8) })],
		["arktype", type({ url: "string", size: "number = 8" })],
	] as const)("may check its options with %s", async (_, options) => {
		const seen: unknown[] = [];
		const named = definePlugin({
			name: "named",
			// The three are one Standard Schema each; a union of them has no one type of options.
			options: options as unknown as z.ZodType<{ url: string; size: number }, { url: string }>,
			setup: (checked) => {
				seen.push(checked);
				return [];
			},
		});
		await named({ url: "http://x" }).setup(host);
		expect(seen).toEqual([{ url: "http://x", size: 8 }]);
		const untyped = named as (options: unknown) => unknown;
		expect(() => untyped({ url: 7 })).toThrow(
			expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(/url/) }),
		);
	});

	it("may not check its options asynchronously", () => {
		const slow = definePlugin({ name: "slow", options: z.string().refine(async () => true), setup: () => [] });
		expect(() => slow("a")).toThrow(/asynchronously/);
	});
});
