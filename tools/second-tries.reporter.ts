import type { Reporter, TestModule } from 'vitest/node';

/** Tells at the end which tests passed only at their second try: each is a defect, of the test or of what it tests. */
export default class SecondTries implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const names = modules.flatMap((module) =>
      [...module.children.allTests()]
        .filter((test) => test.diagnostic()?.flaky === true)
        .map((test) => `  ${module.relativeModuleId} > ${test.fullName}`),
    );
    if (names.length === 0) return;
    console.error(`\nPassed only at the second try (${names.length}): find out why.\n${names.join('\n')}\n`);
  }
}
