/**
 * For the tests of plugins, published as `dediffusion/plugin/testing`.
 *
 * @module
 */
export type { CallOptions, Finding as AnyFinding } from "./call-probe.ts";
export { checkDecoder, findingsOf } from "./check.ts";
export { checkEncoder, encoderFindingsOf } from "./encoder/check.ts";
export type { EncoderCheckOptions, EncoderRuleName } from "./encoder/probe.ts";
export { type EncoderRule, encoderRules } from "./encoder/rules.ts";
export { type TestHost, type TestHostOptions, testHost } from "./host.ts";
export { type AnyRule, ConformanceError } from "./inspect.ts";
export { checkLanguageModel, languageModelFindingsOf } from "./language-model/check.ts";
export type { LanguageModelCheckOptions, LanguageModelRuleName } from "./language-model/probe.ts";
export { type LanguageModelRule, languageModelRules } from "./language-model/rules.ts";
export { checkMetric, metricFindingsOf } from "./metric/check.ts";
export type { MetricCheckOptions, MetricRuleName } from "./metric/probe.ts";
export { type MetricRule, metricRules } from "./metric/rules.ts";
export type { CheckOptions, Finding, RuleName } from "./probe.ts";
export { type Rule, rules } from "./rules.ts";
export { type Answer, type Asked, pictureOf, startService, type TestService } from "./service.ts";
export { sourcePicture } from "./source.ts";
