/**
 * For the tests of plugins, published as `dediffusion/plugin/testing`.
 *
 * @module
 */
export { ConformanceError, checkDecoder, findingsOf } from "./check.ts";
export { type TestHost, type TestHostOptions, testHost } from "./host.ts";
export type { CheckOptions, Finding, RuleName } from "./probe.ts";
export { type Rule, rules } from "./rules.ts";
export { type Answer, type Asked, pictureOf, startService, type TestService } from "./service.ts";
