// The last lines of a test run: every test that failed and every suite that was skipped, by name and with its reason, then the plain count.
// A log that was cut at its head still says what failed. With CI=true a skip fails the run: there, what cannot be tried has not been shown.
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestModule, Vitest } from 'vitest/node';

export default class LastLines implements Reporter {
  private isCi = process.env['CI'] === 'true';

  onInit(_vitest: Vitest): void { this.isCi = process.env['CI'] === 'true'; }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    /** suite → reasons; several skipped tests of one suite for one reason are one line */
    const skipped = new Map<string, Map<string, number>>();
    const lines: string[] = [];
    for (const module of modules) {
      const project = module.project.name === '' ? '' : ` [${module.project.name}]`;
      if (module.errors().length > 0) {
        counts.failed += 1;
        lines.push(`failed: ${module.relativeModuleId}${project}: ${firstLine(module.errors())}`);
      }
      // A hook of a suite that fails leaves its tests skipped: the reason stands with the suite.
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) {
        counts.failed += 1;
        lines.push(`failed: ${module.relativeModuleId} > ${suite.fullName}${project}: ${firstLine(suite.errors())}`);
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') counts.passed += 1;
        else if (result.state === 'failed') {
          counts.failed += 1;
          lines.push(`failed: ${module.relativeModuleId} > ${test.fullName}${project}: ${firstLine(result.errors)}`);
        } else {
          counts.skipped += 1;
          const reason = (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
          const suite = test.parent.type === 'suite' ? test.parent.fullName : test.name;
          const name = `${module.relativeModuleId} > ${suite}${project}`;
          const reasons = skipped.get(name) ?? new Map<string, number>();
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
          skipped.set(name, reasons);
        }
      }
    }
    for (const [suite, reasons] of skipped) for (const [reason, tests] of reasons) lines.push(`skipped: ${suite}${tests > 1 ? ` (${tests} tests)` : ''}: ${reason}`);
    if (unhandled.length > 0) lines.push(`${unhandled.length} unhandled ${unhandled.length === 1 ? 'error' : 'errors'} outside of tests`);
    if (counts.skipped > 0 && this.isCi) {
      lines.push('CI=true: a skipped suite is a failure.');
      process.exitCode = 1;
    }
    lines.push(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    // Vitest's own reporter writes its summary in the same event; a turn of the loop later these lines are the last ones.
    setImmediate(() => process.stdout.write(`${lines.join('\n')}\n`));
  }
}

function firstLine(errors: readonly { readonly message: string }[] | undefined): string {
  const line = stripVTControlCharacters(errors?.[0]?.message ?? 'no reason given').split('\n')[0]!;
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
