import { expect, test } from "vitest";
import { given } from "./settings.ts";

test("null and nothing are left out, everything else stays", () => {
	expect(given({ seed: 0, steps: null, width: undefined, negativePrompt: "", scheduler: "ddim" })).toStrictEqual({
		seed: 0,
		negativePrompt: "",
		scheduler: "ddim",
	});
});

test.each([null, undefined])("%s has no fields", (input) => {
	expect(given(input)).toStrictEqual({});
});
