/**
 * `dediffusion models`: the models on this machine, and bringing more.
 *
 * @module
 */
import type { Command } from "commander";
import { addCheck } from "./models/check.ts";
import { addList } from "./models/list.ts";
import { addPull } from "./models/pull.ts";

export function addModels(program: Command): void {
	const models = program.command("models").description("list models, check their folders and bring them from a hub");
	addPull(models);
	addList(models);
	addCheck(models);
}
