/**
 * The SDK's public entry, published as `dediffusion/plugin`: all that a plugin may import of this package.
 *
 * @module
 */
export { type Config, defineConfig } from "./config.ts";
export type {
	AbortGranularity,
	DecodeProgress,
	DecodeRequest,
	DecodeResult,
	Decoder,
	DecoderCapabilities,
	DecodeWarning,
	GenerateContext,
	InitialImage,
	Lane,
	LocalModel,
	PluginHost,
	SettingName,
} from "./decoder.ts";
export { type ErrorCode, type ErrorCodeEntry, errorCodes } from "./error-codes.ts";
export { DeDiffusionError, type DeDiffusionErrorOptions } from "./errors.ts";
export { type GraphNode, type GraphStructure, readGraphStructure } from "./graph-structure.ts";
export { type GraphWeights, readGraphWeights, type WeightType } from "./graph-weights.ts";
export {
	bytesOfBase64,
	type Connect,
	type ConnectOptions,
	failureOf,
	type GuardedFetch,
	readJson,
	readPictureFile,
	retryAfterMs,
} from "./http.ts";
export type { DecodedImage, EncodedImage, PixelImage } from "./image.ts";
export type {
	DeviceReport,
	ExecutionProvider,
	Inference,
	InferenceSession,
	Loop,
	LoopContext,
	LoopOptions,
	OpenOptions,
	RunOptions,
	Tensor,
	TensorArrays,
	TensorSignature,
	TensorType,
} from "./inference.ts";
export type { DecoderLimits } from "./limits.ts";
export { apiVersion, definePlugin, type Plugin, type PluginDefinition } from "./plugin.ts";
export type { ConnectSocket, GuardedSocket, ServiceSocket, SocketInit } from "./socket.ts";
export { readMerges, tokenizerId } from "./tokenizer-id.ts";
export type { Trace } from "./tracing.ts";
