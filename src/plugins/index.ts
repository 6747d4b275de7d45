/**
 * The SDK's public entry, published as `dediffusion/plugin`: all that a plugin may import of this package.
 *
 * @module
 */
export { type Config, defineConfig, type EncoderEntry } from "./config.ts";
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
export type {
	CallContext,
	EncodedToken,
	EncodeRequest,
	EncodeResult,
	Encoder,
	EncoderCapabilities,
	EncodeSettingName,
	EncodeWarning,
} from "./encoder.ts";
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
	type ReadFailure,
	readFailure,
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
export type {
	LanguageModel,
	LanguageModelCapabilities,
	Message,
	TextRequest,
	TextResult,
	TextSettingName,
	TextWarning,
} from "./language-model.ts";
export type { CallLimits, DecoderLimits } from "./limits.ts";
export type { Metric, MetricCapabilities, MetricPair } from "./metric.ts";
export type { FileForm, PictureFile, SourcePicture } from "./picture.ts";
export {
	apiVersion,
	type Contribution,
	definePlugin,
	type Plugin,
	type PluginDefinition,
	type Provided,
} from "./plugin.ts";
export type { ConnectSocket, GuardedSocket, ServiceSocket, SocketInit } from "./socket.ts";
export { readMerges, tokenizerId } from "./tokenizer-id.ts";
export type { Trace } from "./tracing.ts";
