/**
 * Metrics: those of plugins, and what all of them say.
 *
 * @module
 */
import { Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import type { Measure, Measured } from "../core/metrics/measures.ts";
import type { Metric as PluginMetric } from "../plugins/index.ts";
import { CallLimits, Health } from "../schema/calling.ts";
import { Metric, Metrics } from "../schema/metric.ts";
import type { Context } from "./context.ts";
import { healthOf } from "./health.ts";
import { cost } from "./limits.ts";

@Resolver(() => Metric)
export class MetricResolver {
	@Query(() => [Metric], { description: "The metrics that plugins add to PSNR and SSIM." })
	metrics(@Ctx() { engine }: Context): readonly PluginMetric[] {
		return engine.metrics.list();
	}

	@FieldResolver()
	limits(@Root() { id }: PluginMetric, @Ctx() { engine }: Context): CallLimits {
		return engine.metrics.limits(id);
	}

	@FieldResolver({ complexity: ({ childComplexity }) => cost.health + childComplexity })
	health(@Root() { id }: PluginMetric, @Ctx() { engine, signal }: Context): Promise<Health> {
		return healthOf(() => engine.metrics.health(id, signal));
	}
}

@Resolver(() => Metrics)
export class MetricsResolver {
	@FieldResolver()
	further(@Root() { further }: Partial<Measured>): readonly Measure[] {
		return further ?? [];
	}
}
