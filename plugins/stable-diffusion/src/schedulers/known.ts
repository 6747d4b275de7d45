/**
 * The schedulers that there are. A new one is a file of its own and a line here.
 *
 * @module
 */
import { ddim } from "./ddim.ts";
import { ddpm } from "./ddpm.ts";
import { dpmSolver } from "./dpm-solver.ts";
import { euler } from "./euler.ts";
import { eulerAncestral } from "./euler-ancestral.ts";
import { heun } from "./heun.ts";
import { lcm } from "./lcm.ts";
import { pndm } from "./pndm.ts";
import { uniPc } from "./unipc.ts";

export const schedulerClasses = [ddim, euler, eulerAncestral, heun, pndm, ddpm, dpmSolver, uniPc, lcm] as const;

/** Names under which requests and capabilities know the schedulers. */
export type SchedulerName = (typeof schedulerClasses)[number]["name"];
export const schedulerNames: readonly SchedulerName[] = schedulerClasses.map(({ name }) => name);
