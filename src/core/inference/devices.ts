/**
 * What a provider needs of the machine, asked before the runtime is: it writes its failures to standard error, where
 * nobody can act on them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ExecutionProvider } from "../../plugins/index.ts";

/** Device files of GPUs on Linux: any vendor's, NVIDIA's own driver, Windows' Subsystem for Linux. */
const gpuFiles = ["/dev/dri", "/dev/nvidia0", "/dev/dxg"];

/** @throws Error with the reason, for a provider that surely cannot work here. */
export function requireDevice(provider: ExecutionProvider, platform: NodeJS.Platform = process.platform): void {
	if (provider === "cpu" || platform !== "linux") {
		return;
	}
	if (!gpuFiles.some((file) => existsSync(file))) {
		throw new Error("This machine shows no GPU.");
	}
	if (provider === "cuda" && !existsSync(cudaLibrary())) {
		throw new Error("The CUDA libraries of onnxruntime are not installed; docs/gpu.md says how.");
	}
}

function cudaLibrary(): string {
	const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
	return join(runtime, "bin", "napi-v6", "linux", process.arch, "libonnxruntime_providers_cuda.so");
}
