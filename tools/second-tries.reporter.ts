import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Tells at the end which tests passed only at their second try, and why: each is a defect, of the test or of what it tests. */
export default class SecondTries implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const told = modules.flatMap((module) =>
      [...module.children.allTests()]
        .filter((test) => test.diagnostic()?.flaky === true)
        .map((test) => `  ${module.relativeModuleId} > ${test.fullName}\n${firstTry(test)}`),
    );
    if (told.length === 0) return;
    console.error(`\nPassed only at the second try (${told.length}): find out why.\n${told.join('\n')}\n`);
  }
}

/** What went wrong, and where. */
function firstTry(test: TestCase): string {
  const [error] = test.result().errors ?? [];
  const lines = (error?.stack ?? error?.message ?? 'not told').split('\n');
  return lines
    .filter((line) => !/^ +at .*node_modules|^ +at new Promise/.test(line))
    .map((line) => `    ${line}`)
    .join('\n');
}
