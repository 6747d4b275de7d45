import { expect, it } from "vitest";
import { roundHalfEven } from "./rounding.ts";

it("rounds halves to even", () => {
	expect([0.5, 1.5, 2.5, 812.5, -0.5, 1.49].map(roundHalfEven).map(Math.abs)).toEqual([0, 2, 2, 812, 0, 1]);
});
