import { Injectable } from '@nestjs/common';
import { DeploymentReader, KeptReleases, ReleaseMarks } from '@podway/persistence';
import type { ReleaseFacts } from './release.view.js';

/** Gathers what is known about the releases of a POD besides their records. */
@Injectable()
export class ReleaseFactsReader {
  constructor(
    private readonly deployments: DeploymentReader,
    private readonly kept: KeptReleases,
    private readonly marks: ReleaseMarks,
  ) {}

  async of(pod: string): Promise<ReleaseFacts> {
    const [[current], kept, marks] = await Promise.all([
      this.deployments.currentReleases([pod]),
      this.kept.of(pod),
      this.marks.of(pod),
    ]);
    return {
      current: current?.number,
      kept: new Set(kept),
      bad: new Map(marks.map((mark) => [mark.number, mark])),
    };
  }
}
