/**
 * Prints `PASSED FAILED` of a test report: vitest's JSON or JUnit's XML. Skipped tests count as neither.
 *
 * @module
 */
import { readFileSync } from "node:fs";

const file = process.argv[2];
if (file === undefined) {
	throw new Error("Usage: count-tests REPORT");
}
const report = readFileSync(file, "utf8");
const [passed, failed] = file.endsWith(".json") ? countVitest(JSON.parse(report)) : countJUnit(report);
console.log(`${passed} ${failed}`);

function countVitest(results: { numPassedTests: number; numFailedTests: number; numFailedTestSuites: number }) {
	// A file that cannot be loaded has no tests that could fail.
	const failures = Math.max(results.numFailedTests, results.numFailedTestSuites > 0 ? 1 : 0);
	return [results.numPassedTests, failures];
}

function countJUnit(xml: string) {
	let passed = 0;
	let failed = 0;
	for (const [, attributes] of xml.matchAll(/<testsuite ([^>]*)>/g)) {
		const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes ?? "")?.[1] ?? 0);
		const broken = number("failures") + number("errors");
		failed += broken;
		passed += number("tests") - broken - number("skipped");
	}
	return [passed, failed];
}
